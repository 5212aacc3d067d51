public import CatenaEngine

/// One layer of an encoder of the BERT kind: attention in both directions and a feed-forward part, a norm behind each residual,
/// all linear layers with biases.
///
///     h = layerNorm(x + O(attention(Q x, K x, V x)))
///     y = layerNorm(h + Down(f(Up h)))
public final class PostNormLayer: TransformerLayer {
    public let index: Int
    public let path: String
    public var sublayerAdapters = SublayerAdapters()
    private let shape: AttentionShape
    private let activation: Activation
    let query, key, value, output, up, down: Linear
    let attentionNorm, feedForwardNorm: Norm

    /// Where the files of a family keep a layer's weights: modules of the layer.
    struct Names {
        var query, key, value, output, attentionNorm, up, down, feedForwardNorm: String
    }

    init(index: Int, configuration: ModelConfiguration, names: Names, weights: any WeightStore) throws {
        self.index = index
        path = "\(configuration.names.layers).\(index)"
        shape = configuration.attentionShape(layer: index)
        activation = configuration.activation
        let parts = LayerParts(prefix: path + ".", block: .layer(index), weights: weights)
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        func norm(_ name: String) throws -> Norm {
            try parts.norm(name, .layer, width: d, epsilon: configuration.normEpsilon)
        }
        func linear(_ name: String, _ role: Role, _ out: Int, _ input: Int) throws -> Linear {
            try parts.linear(name, role, out, input, bias: true)
        }
        query = try linear(names.query, .query, d, d)
        key = try linear(names.key, .key, d, d)
        value = try linear(names.value, .value, d, d)
        output = try linear(names.output, .attentionOutput, d, d)
        attentionNorm = try norm(names.attentionNorm)
        up = try linear(names.up, .up, f, d)
        down = try linear(names.down, .down, d, f)
        feedForwardNorm = try norm(names.feedForwardNorm)
    }

    public var linears: [Linear] { [query, key, value, output, up, down] }

    public var normVectors: [LayerVector] { attentionNorm.vectors + feedForwardNorm.vectors }

    /// Kept are q, k, v, the attention's output and log-sum-exp, both residual sums, the norms' statistics, what enters the
    /// activation, and what the layer hands on, which nothing keeps for it: `7 D + F + H + 4`; beside them `2 F + 3 D`.
    public var cost: BlockCost {
        let (d, f) = (down.outFeatures, down.inFeatures)
        return BlockCost(kept: 7 * d + f + shape.queryHeads + 4, transient: 2 * f + 3 * d)
    }

    public func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let (q, k, v) = (
            query.forward(hidden, on: tape), key.forward(hidden, on: tape), value.forward(hidden, on: tape)
        )
        let attended = output.forward(tape.attention(q, k, v, shape: shape, layout: layout), on: tape)
        let middle = attentionNorm.forward(
            sublayerAdapters.join(attended, residual: hidden, at: .attention, on: tape), on: tape)
        let inner = tape.activation(up.forward(middle, on: tape), activation)
        return feedForwardNorm.forward(
            sublayerAdapters.join(down.forward(inner, on: tape), residual: middle, at: .feedForward, on: tape), on: tape
        )
    }
}
