/// A part of a model whose frozen matrices are used together: the unit of gathering and of recomputation.
public enum BlockID: Hashable, Sendable, CustomStringConvertible {
    /// The vectors of tokens and positions.
    case embedding
    /// One transformer layer.
    case layer(Int)
    /// The projection to the vocabulary.
    case head

    public var description: String {
        switch self {
        case .embedding: "the embedding"
        case .layer(let index): "layer \(index)"
        case .head: "the head"
        }
    }
}

/// Keeps a model's frozen matrices elsewhere and brings those of one block at a time to where they are computed with.
///
/// Blocks are used in the order in which they were announced, each between `acquire` and `release`.
public protocol BlockResidency: AnyObject {
    /// Says which blocks the coming pass uses, in order, so that they can be fetched ahead.
    func announce(_ visits: [BlockID])
    /// Waits until the matrices of `block`, the next announced one, can be used.
    ///
    /// - Throws: what kept them from coming.
    func acquire(_ block: BlockID) throws
    /// Ends the use of `block`; its matrices must not be used until it is acquired again.
    func release(_ block: BlockID)
}
