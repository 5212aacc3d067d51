import CatenaCore
import CatenaModels

/// A layer of one's own from shared parts: attention and feed-forward read the same norm, `y = x + O(attention(n)) + Down(silu(Gate n) ⊙ Up n)`.
final class ParallelLayer: TransformerLayer {
    let index: Int
    let path: String
    var sublayerAdapters = SublayerAdapters()
    private let norm: Norm
    private let attention: RotaryAttention
    private let gate, up, down: Linear

    init(index: Int, _ configuration: ModelConfiguration, rotary: RotaryTable, weights: any WeightStore) throws {
        self.index = index
        path = "model.layers.\(index)"
        let parts = LayerParts(prefix: path + ".", block: .layer(index), weights: weights)
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        norm = try parts.norm("input_layernorm", .rootMeanSquare, width: d, epsilon: configuration.normEpsilon)
        attention = try RotaryAttention(
            parts, layer: index, configuration: configuration, shape: configuration.attentionShape(layer: index),
            rotary: rotary)
        gate = try parts.linear("mlp.gate_proj", .gate, f, d, bias: false)
        up = try parts.linear("mlp.up_proj", .up, f, d, bias: false)
        down = try parts.linear("mlp.down_proj", .down, d, f, bias: false)
    }

    var linears: [Linear] { attention.linears + [gate, up, down] }
    var normVectors: [LayerVector] { norm.vectors }
    var cost: BlockCost {
        BlockCost(
            kept: attention.keptNumbers + down.outFeatures + 2 * down.inFeatures,
            transient: 2 * down.inFeatures + 3 * down.outFeatures)
    }

    func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let input = norm.forward(hidden, on: tape)
        let attended = attention.forward(input, layout: layout, on: tape)
        let middle = sublayerAdapters.join(attended, residual: hidden, at: .attention, on: tape)
        let activated = tape.swiGLU(gate: gate.forward(input, on: tape), up: up.forward(input, on: tape))
        return sublayerAdapters.join(down.forward(activated, on: tape), residual: middle, at: .feedForward, on: tape)
    }
}
