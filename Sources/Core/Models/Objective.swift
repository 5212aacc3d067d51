public import CatenaEngine

/// What is learned from the scores that a head gives to rows of the hidden states.
///
/// The head projects only the rows that the objective asks for, a tile at a time, and hands it each tile while its scores exist.
public protocol Objective: Sendable {
    /// What the rows of the scores have to be.
    var demand: HeadDemand { get }
    /// What of a micro-batch is learned.
    func supervision(of batch: Batch) -> Supervision
    /// The losses of a tile of scores `[n, V]`, and with `writesGradient` the loss sum's gradient in the scores' place.
    ///
    /// - Parameters:
    ///   - rows: which of the supervised rows the tile holds.
    ///   - losses: where the loss of the tile's first row goes, times its weight.
    func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine)
}

extension Objective {
    public var demand: HeadDemand { .tokens }
}

/// What a row of a head's scores belongs to.
public enum HeadDemand: Sendable {
    /// A token.
    case tokens
    /// A segment, that is a whole sequence.
    case segments
}

/// The rows of a micro-batch that have something to learn.
public struct Supervision {
    /// Rows of the hidden states, or segments where the objective judges those; rising.
    public let rows: [Int]
    /// What is to be predicted at each of them; empty where that is a number.
    public let targets: [Int32]
    /// The number to be predicted at each of them; empty where that is a category.
    public let values: [Float]
    /// The weight of each in the loss.
    public let weights: [Float]

    /// `rows` with a target, or a value, and a weight each.
    public init(rows: [Int], targets: [Int32] = [], values: [Float] = [], weights: [Float]) {
        precondition(rows.count == weights.count && targets.count + values.count == rows.count, "a target for each row")
        (self.rows, self.targets, self.values, self.weights) = (rows, targets, values, weights)
    }

    /// Σ of the weights.
    public var weight: Double { weights.reduce(0) { $0 + Double($1) } }
}

/// The loss of one micro-batch and what the backward pass starts from.
public struct Loss {
    /// Σ weight · loss, in nats.
    public var sum: Double
    /// Σ weight.
    public var weight: Double
    /// Supervised rows.
    public var supervisedCount: Int
    /// `d sum / d hidden`, `[N, D]`; nil when no gradient was asked for.
    public var hiddenGradient: Tensor?

    /// Hands the gradient over, so that its memory is free as soon as it has been used.
    mutating func takeHiddenGradient() -> Tensor? {
        defer { hiddenGradient = nil }
        return hiddenGradient
    }
}
