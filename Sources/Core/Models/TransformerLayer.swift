public import CatenaEngine

/// One layer of a transformer: a block over the hidden states that may carry adapters behind its two parts.
public protocol TransformerLayer: Block {
    /// Number of the layer, from 0.
    var index: Int { get }
    /// Module path as in Hugging Face models, for example `model.layers.0`.
    var path: String { get }
    /// The adapters behind its two parts.
    var sublayerAdapters: SublayerAdapters { get set }
    /// `[N, D]` to `[N, D]`.
    func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable
}

extension TransformerLayer {
    public var id: BlockID { .layer(index) }

    public var isTrained: Bool {
        !sublayerAdapters.isEmpty || normVectors.contains(where: \.isTrained) || linears.contains(where: \.isTrained)
    }

    public func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        Streams(hidden: forward(streams[.hidden], layout: batch.layout, on: tape))
    }
}
