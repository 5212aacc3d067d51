public import CatenaEngine

/// What is learned from the scores that a head gives to rows of the hidden states.
///
/// The head projects only the rows that the objective asks for, a tile at a time, and hands it each tile while its scores exist.
/// Most objectives are done in this one phase. One whose gradient needs a number of every sample before (two answers and a
/// reference, say) has a ``measurement``: the head then goes through the tiles twice,
///
///     m_s = Σ losses of the rows of sample s     loss, f = weigh(m, m of the reference)     d loss / d scores = Σ f_s d m_s / d scores
///
/// without and with the gradient. The blocks run once, and of one tile the scores are still there. A sample is a segment of the batch.
///
/// Weights of samples by the losses of the whole *global* batch have the same shape: f is a function of all m, in the order of the
/// samples' indices. Only who calls ``weigh(_:reference:)`` differs: between the blocks' forward and backward passes the accumulator
/// would gather the measures of all micro-batches of all processes in that order, weigh them once, and give each head its own
/// factors. As micro-batches go layer-major then (all of them to the head before one comes back), no block runs twice. A wider
/// ``SampleMeasurement`` is the place to say so.
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
    /// What has to be known of the samples before there is a gradient; nothing by default.
    var measurement: SampleMeasurement { get }
    /// The loss of a micro-batch by the measures of its samples, and how it changes with them.
    ///
    /// - Parameter reference: the same of the model without its adapters; empty where ``measurement`` does not ask for it.
    func weigh(_ measures: [Double], reference: [Double]) -> Weighing
    /// The names of the means that it gives beside the loss, in the order of ``Weighing/metrics``, the most telling ones first. They are keys of
    /// `metrics.jsonl`, and with `validation_` before them those of the validation data. None by default.
    var metrics: [String] { get }
    /// The sums of its ``metrics`` by the scores of all supervised segments, where those are judged; nothing by default.
    func metrics(of scores: Tensor, _ supervision: Supervision) -> [Double]
    /// The unit of its mean loss.
    var lossUnit: String { get }
}

extension Objective {
    public var demand: HeadDemand { .tokens }
    public var measurement: SampleMeasurement { .none }
    public var metrics: [String] { [] }
    public func metrics(of scores: Tensor, _ supervision: Supervision) -> [Double] { [] }
    public var lossUnit: String { "nats per token" }
    public func weigh(_ measures: [Double], reference: [Double]) -> Weighing {
        preconditionFailure("an objective with a measurement weighs the measures")
    }
}

/// What a row of a head's scores belongs to.
public enum HeadDemand: Sendable {
    /// A token.
    case tokens
    /// A segment, that is a whole sequence.
    case segments
}

/// What an objective has to know of a micro-batch's samples before there is a gradient.
public enum SampleMeasurement: Sendable {
    /// Nothing; nothing is paid.
    case none
    /// Σ of the losses of each sample's rows.
    case samples
    /// The same, and what the frozen model without its adapters gives: one more forward pass.
    case samplesAndReference
}

/// A loss as a function of the measures of a micro-batch's samples.
public struct Weighing: Equatable, Sendable {
    /// The loss sum.
    public var sum: Double
    /// What the sums of all micro-batches are divided by.
    public var weight: Double
    /// `d sum / d measure` of each sample.
    public var factors: [Float]
    /// The sums that belong to ``Objective/metrics``, to be divided by the weight like the loss.
    public var metrics: [Double]

    /// A loss from its numbers.
    public init(sum: Double, weight: Double, factors: [Float], metrics: [Double]) {
        (self.sum, self.weight, self.factors, self.metrics) = (sum, weight, factors, metrics)
    }
}
