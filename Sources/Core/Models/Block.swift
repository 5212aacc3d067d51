public import CatenaEngine

/// A unit of gathering and recomputation: a function of streams over its weights and adapters.
public protocol Block: AnyObject {
    /// Which block of the model it is.
    var id: BlockID { get }
    /// The streams that it reads.
    var reads: [StreamName] { get }
    /// The streams that it writes.
    var writes: [StreamName] { get }
    /// The linear layers in the order of a forward pass.
    var linears: [Linear] { get }
    /// The vectors of the norms.
    var normVectors: [LayerVector] { get }
    /// Its tables of vectors.
    var tables: [TokenEmbedding] { get }
    /// The convolutions in the order of a forward pass.
    var convolutions: [Convolution] { get }
    /// The statistics that follow the data in training.
    var statistics: [RunningStatistics] { get }
    /// Whether anything in it is trained.
    var isTrained: Bool { get }
    /// Whether its backward pass needs none of its frozen matrices, so that it is neither run again nor visited for it.
    var keepsItsTape: Bool { get }
    /// What it takes for each token.
    var cost: BlockCost { get }
    /// What it writes, of what it reads.
    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams
}

extension Block {
    public var reads: [StreamName] { [.hidden] }
    public var writes: [StreamName] { [.hidden] }
    public var tables: [TokenEmbedding] { [] }
    public var convolutions: [Convolution] { [] }
    public var statistics: [RunningStatistics] { [] }
    public var keepsItsTape: Bool { false }
}

/// What a block takes for each token, beside its matrices and adapters.
public struct BlockCost: Sendable, Equatable {
    /// Numbers kept from the forward to the backward pass.
    public let kept: Int
    /// Numbers beside those, at most, while the backward pass runs.
    public let transient: Int

    /// Nothing unless it is given.
    public init(kept: Int = 0, transient: Int = 0) {
        self.kept = kept
        self.transient = transient
    }

    /// The larger of each number.
    package func largest(with other: BlockCost) -> BlockCost {
        BlockCost(kept: max(kept, other.kept), transient: max(transient, other.transient))
    }
}
