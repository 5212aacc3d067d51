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
    let configuration: DecoderConfiguration
    let activation: Activation
    let attentionNorm, feedForwardNorm: Norm
    /// q, k, v; or one layer whose output is [q k v].
    let attentionInputs: [Linear]
    let output, up, down: Linear

    init(index: Int, configuration: DecoderConfiguration, style: LayerNormStyle, weights: any WeightProvider) throws {
        self.index = index
        self.configuration = configuration
        activation = style.activation
        let names = style.names
        path = "\(names.layers).\(index)"
        let prefix = path + "."
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        func norm(_ name: String) throws -> Norm {
            try Norm(.layer, path: prefix + name, width: d, epsilon: configuration.normEpsilon, weights: weights)
        }
        func linear(_ name: String, _ out: Int, _ input: Int) throws -> Linear {
            let path = prefix + name
            let (rows, columns) = style.storesTransposed ? (input, out) : (out, input)
            return Linear(
                path: path,
                weight: try weights.matrix(path + ".weight", rows: rows, columns: columns, in: .layer(index)),
                bias: LayerVector(name: path + ".bias", value: try weights.vector(path + ".bias", count: out)),
                storesTransposed: style.storesTransposed)
        }
        attentionNorm = try norm(names.attentionNorm)
        let inputWidth = 3 * d / names.attentionInputs.count
        attentionInputs = try names.attentionInputs.map { try linear($0, inputWidth, d) }
        output = try linear(names.attentionOutput, d, d)
        feedForwardNorm = try norm(names.feedForwardNorm)
        up = try linear(names.up, f, d)
        down = try linear(names.down, d, f)
    }

    public var linears: [Linear] { attentionInputs + [output, up, down] }

    public var normVectors: [LayerVector] { attentionNorm.vectors + feedForwardNorm.vectors }

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
                return tape.causalAttention(fused: inputs[0], shape: configuration.attentionShape, layout: layout)
            }
            return tape.cachedAttention(
                fused: inputs[0], shape: configuration.attentionShape, layout: layout, caches: caches, layer: index)
        }
        guard let caches = layout.caches else {
            return tape.causalAttention(
                inputs[0], inputs[1], inputs[2], shape: configuration.attentionShape, layout: layout)
        }
        return tape.cachedAttention(
            inputs[0], inputs[1], inputs[2], shape: configuration.attentionShape, layout: layout, caches: caches,
            layer: index)
    }
}
