public import CatenaEngine

/// One transformer layer of a decoder: a function of the hidden states over its weights and adapters.
public protocol TransformerLayer: AnyObject {
    /// Number of the layer, from 0.
    var index: Int { get }
    /// Module path as in Hugging Face models, for example `model.layers.0`.
    var path: String { get }
    /// The linear layers in the order of a forward pass.
    var linears: [Linear] { get }
    /// The vectors of the norms.
    var normVectors: [LayerVector] { get }
    /// The adapters behind its two parts.
    var sublayerAdapters: SublayerAdapters { get set }
    /// `[N, D]` to `[N, D]`.
    func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable
}

extension TransformerLayer {
    /// Whether anything in the layer is trained: matrices, adapters, or vectors of its own.
    var isTrained: Bool {
        !sublayerAdapters.isEmpty || normVectors.contains(where: \.isTrained) || linears.contains(where: \.isTrained)
    }
}
