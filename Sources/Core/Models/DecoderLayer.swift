public import CatenaEngine

/// One transformer layer of the Llama kind: pre-norm attention and pre-norm SwiGLU, both with residuals.
///
///     h = x + O(attention(rope(Q n₁), rope(K n₁), V n₁)),   n₁ = rmsNorm(x)
///     y = h + Down(silu(Gate n₂) ⊙ Up n₂),                  n₂ = rmsNorm(h)
public final class DecoderLayer: TransformerLayer {
    public let index: Int
    public let path: String
    public var sublayerAdapters = SublayerAdapters()
    let configuration: DecoderConfiguration
    let rotary: RotaryTable
    let inputNorm, postAttentionNorm: Norm
    let queryNorm, keyNorm: Norm?
    let query, key, value, output: Linear
    let gate, up, down: Linear

    init(index: Int, configuration: DecoderConfiguration, rotary: RotaryTable, weights: any WeightProvider) throws {
        self.index = index
        self.configuration = configuration
        self.rotary = rotary
        path = "model.layers.\(index)"
        let prefix = path + "."
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        let (qWidth, kvWidth) = (configuration.queryWidth, configuration.keyValueWidth)
        func vector(_ name: String, _ count: Int) throws -> LayerVector {
            LayerVector(name: prefix + name, value: try weights.vector(prefix + name, count: count))
        }
        func norm(_ name: String, _ width: Int) throws -> Norm {
            try Norm(
                .rootMeanSquare, path: prefix + name, width: width, epsilon: configuration.normEpsilon,
                weights: weights)
        }
        func linear(_ name: String, _ out: Int, _ input: Int, bias: Bool) throws -> Linear {
            Linear(
                path: prefix + name,
                weight: try weights.matrix(prefix + name + ".weight", rows: out, columns: input, in: .layer(index)),
                bias: bias ? try vector(name + ".bias", out) : nil)
        }
        let (qkvBias, mlpBias) = (configuration.queryKeyValueBias, configuration.feedForwardBias)
        inputNorm = try norm("input_layernorm", d)
        query = try linear("self_attn.q_proj", qWidth, d, bias: qkvBias)
        key = try linear("self_attn.k_proj", kvWidth, d, bias: qkvBias)
        value = try linear("self_attn.v_proj", kvWidth, d, bias: qkvBias)
        output = try linear("self_attn.o_proj", d, qWidth, bias: configuration.outputBias)
        let headWidth = configuration.headDimension
        queryNorm = configuration.queryKeyNorm ? try norm("self_attn.q_norm", headWidth) : nil
        keyNorm = configuration.queryKeyNorm ? try norm("self_attn.k_norm", headWidth) : nil
        postAttentionNorm = try norm("post_attention_layernorm", d)
        gate = try linear("mlp.gate_proj", f, d, bias: mlpBias)
        up = try linear("mlp.up_proj", f, d, bias: mlpBias)
        down = try linear("mlp.down_proj", d, f, bias: mlpBias)
    }

    public var linears: [Linear] { [query, key, value, output, gate, up, down] }

    public var normVectors: [LayerVector] {
        [inputNorm, postAttentionNorm, queryNorm, keyNorm].compactMap { $0 }.flatMap(\.vectors)
    }

    public func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let attentionInput = inputNorm.forward(hidden, on: tape)
        let attended = attention(attentionInput, layout: layout, on: tape)
        let middle = sublayerAdapters.join(
            output.forward(attended, on: tape), residual: hidden, at: .attention, on: tape)
        let feedForwardInput = postAttentionNorm.forward(middle, on: tape)
        let activated = tape.swiGLU(
            gate: gate.forward(feedForwardInput, on: tape), up: up.forward(feedForwardInput, on: tape))
        return sublayerAdapters.join(
            down.forward(activated, on: tape), residual: middle, at: .feedForward, on: tape)
    }

    private func attention(_ x: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let q = rotated(query.forward(x, on: tape), norm: queryNorm, layout: layout, on: tape)
        let k = rotated(key.forward(x, on: tape), norm: keyNorm, layout: layout, on: tape)
        let v = value.forward(x, on: tape)
        if let caches = layout.caches {
            return tape.cachedAttention(
                q, k, v, shape: configuration.attentionShape, layout: layout, caches: caches, layer: index)
        }
        return tape.causalAttention(q, k, v, shape: configuration.attentionShape, layout: layout)
    }

    private func rotated(_ x: Variable, norm: Norm?, layout: SequenceLayout, on tape: Tape) -> Variable {
        var x = x
        if let norm { x = norm.forward(x, on: tape) }
        return tape.rotary(x, headDimension: configuration.headDimension, layout: layout, table: rotary)
    }
}
