public import CatenaEngine

/// One transformer layer of the Llama kind: pre-norm attention and pre-norm SwiGLU, both with residuals.
///
///     h = x + O(attention(rope(Q n₁), rope(K n₁), V n₁)),   n₁ = rmsNorm(x)
///     y = h + Down(silu(Gate n₂) ⊙ Up n₂),                  n₂ = rmsNorm(h)
public final class DecoderLayer: TransformerLayer {
    public let index: Int
    public let path: String
    public var sublayerAdapters = SublayerAdapters()
    let attention: RotaryAttention
    let inputNorm, postAttentionNorm: Norm
    let gate, up, down: Linear

    init(index: Int, configuration: ModelConfiguration, rotary: RotaryTable, weights: any WeightStore) throws {
        self.index = index
        path = "\(configuration.names.layers).\(index)"
        let parts = LayerParts(prefix: path + ".", block: .layer(index), weights: weights)
        let (d, f, biased) = (
            configuration.hiddenSize, configuration.intermediateSize, configuration.feedForwardBias
        )
        func norm(_ name: String) throws -> Norm {
            try parts.norm(name, .rootMeanSquare, width: d, epsilon: configuration.normEpsilon)
        }
        inputNorm = try norm("input_layernorm")
        attention = try RotaryAttention(
            parts, layer: index, configuration: configuration, shape: configuration.attentionShape(layer: index),
            rotary: rotary)
        postAttentionNorm = try norm("post_attention_layernorm")
        gate = try parts.linear("mlp.gate_proj", .gate, f, d, bias: biased)
        up = try parts.linear("mlp.up_proj", .up, f, d, bias: biased)
        down = try parts.linear("mlp.down_proj", .down, d, f, bias: biased)
    }

    public var linears: [Linear] { attention.linears + [gate, up, down] }

    public var normVectors: [LayerVector] {
        [inputNorm, postAttentionNorm, attention.queryNorm, attention.keyNorm].compactMap { $0 }.flatMap(\.vectors)
    }

    /// Beside the attention's: both residual sums, gate and up; norms and SwiGLU are made again.
    public var cost: BlockCost {
        let (d, f) = (down.outFeatures, down.inFeatures)
        return BlockCost(
            kept: attention.keptNumbers + 2 * d + 2 * f + 2, transient: 2 * f + 3 * d)
    }

    public func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let attended = attention.forward(inputNorm.forward(hidden, on: tape), layout: layout, on: tape)
        let middle = sublayerAdapters.join(attended, residual: hidden, at: .attention, on: tape)
        let input = postAttentionNorm.forward(middle, on: tape)
        let activated = tape.swiGLU(gate: gate.forward(input, on: tape), up: up.forward(input, on: tape))
        return sublayerAdapters.join(
            down.forward(activated, on: tape), residual: middle, at: .feedForward, on: tape)
    }
}
