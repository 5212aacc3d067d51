public import CatenaEngine

/// One transformer layer of the GPT-2 and OPT kind: pre-norm attention and pre-norm feed-forward part, both with
/// residuals, all linear layers with biases.
///
///     h = x + O(attention(Q n₁, K n₁, V n₁)),   n₁ = layerNorm(x)
///     y = h + Down(f(Up n₂)),                   n₂ = layerNorm(h)
public final class LayerNormDecoderLayer: TransformerLayer {
    public let index: Int
    public let path: String
    public var sublayerAdapters = SublayerAdapters()
    let configuration: ModelConfiguration
    let activation: Activation

    /// Where the files of a family keep a layer's weights: modules of the layer.
    struct Names {
        /// The norms before attention and feed-forward part.
        var attentionNorm, feedForwardNorm: String
        /// q, k and v, or one that makes all three side by side.
        var attentionInputs: [String]
        var attentionOutput, up, down: String
    }

    let attentionNorm, feedForwardNorm: Norm
    /// q, k, v; or one layer whose output is [q k v].
    let attentionInputs: [Linear]
    let output, up, down: Linear

    init(
        index: Int, configuration: ModelConfiguration, activation: Activation, names: Names,
        weights: any WeightStore
    ) throws {
        self.index = index
        self.configuration = configuration
        self.activation = activation
        path = "\(configuration.names.layers).\(index)"
        let parts = LayerParts(
            prefix: path + ".", block: .layer(index), weights: weights,
            storesTransposed: configuration.storesTransposed)
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        func norm(_ name: String) throws -> Norm {
            try parts.norm(name, .layer, width: d, epsilon: configuration.normEpsilon)
        }
        func linear(_ name: String, _ role: Role, _ out: Int, _ input: Int) throws -> Linear {
            try parts.linear(name, role, out, input, bias: true)
        }
        attentionNorm = try norm(names.attentionNorm)
        let inputWidth = 3 * d / names.attentionInputs.count
        let roles: [Role] = names.attentionInputs.count == 1 ? [.fusedQueryKeyValue] : [.query, .key, .value]
        attentionInputs = try zip(names.attentionInputs, roles).map { try linear($0, $1, inputWidth, d) }
        output = try linear(names.attentionOutput, .attentionOutput, d, d)
        feedForwardNorm = try norm(names.feedForwardNorm)
        up = try linear(names.up, .up, f, d)
        down = try linear(names.down, .down, d, f)
    }

    public var linears: [Linear] { attentionInputs + [output, up, down] }

    public var normVectors: [LayerVector] { attentionNorm.vectors + feedForwardNorm.vectors }

    /// Kept are q, k, v, the attention's output and log-sum-exp, both residual sums, the norms' statistics and what enters the
    /// activation: `6 D + F + H + 4`; beside them `2 F + 3 D`.
    public var cost: BlockCost {
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        return BlockCost(
            kept: 6 * d + f + configuration.attentionHeads + 4, transient: 2 * f + 3 * d)
    }

    public func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let attended = attention(attentionNorm.forward(hidden, on: tape), layout: layout, on: tape)
        let middle = sublayerAdapters.join(
            output.forward(attended, on: tape), residual: hidden, at: .attention, on: tape)
        let inner = up.forward(feedForwardNorm.forward(middle, on: tape), on: tape)
        return sublayerAdapters.join(
            down.forward(tape.activation(inner, activation), on: tape), residual: middle, at: .feedForward, on: tape)
    }

    private func attention(_ x: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let inputs = attentionInputs.map { $0.forward(x, on: tape) }
        if inputs.count == 1 {
            guard let caches = layout.caches else {
                return tape.attention(fused: inputs[0], shape: configuration.attentionShape, layout: layout)
            }
            return tape.cachedAttention(
                fused: inputs[0], shape: configuration.attentionShape, layout: layout, caches: caches, layer: index)
        }
        guard let caches = layout.caches else {
            return tape.attention(
                inputs[0], inputs[1], inputs[2], shape: configuration.attentionShape, layout: layout)
        }
        return tape.cachedAttention(
            inputs[0], inputs[1], inputs[2], shape: configuration.attentionShape, layout: layout, caches: caches,
            layer: index)
    }
}
