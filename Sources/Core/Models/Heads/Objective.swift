public import CatenaEngine

/// What is learned from the scores that a head gives to rows of the hidden states.
///
/// The head projects only the rows that the objective asks for, a tile at a time, and hands it each tile while its scores exist.
/// Most objectives are done in this one phase. One whose gradient needs a number of every segment before (two answers and a
/// reference, say) has a ``measurement``: the head then goes through the tiles twice,
///
///     m_s = Σ losses of the rows of segment s     loss, f = weigh(m, m of the reference)     d loss / d scores = Σ f_s d m_s / d scores
///
/// without and with the gradient. The blocks run once, and of one tile the scores are still there.
///
/// Samples that count by the losses of the whole global batch go the same way for any objective: ``GradientPass`` asks the head for the
/// ``Weighing`` of each micro-batch, hands them out to be scaled (``SampleCounting``), and lets the head go on with what comes back. An
/// objective does not know of it; a sample is what its ``Weighing/samples`` are, by default a segment.
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
    /// What has to be known of the segments before there is a gradient; nothing by default.
    var measurement: SampleMeasurement { get }
    /// The losses of a micro-batch's samples by the measures of its segments, and how they change with them.
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

/// What an objective has to know of a micro-batch's segments before there is a gradient.
public enum SampleMeasurement: Sendable {
    /// Nothing; nothing is paid.
    case none
    /// Σ of the losses of each segment's rows.
    case samples
    /// The same, and what the frozen model without its adapters gives: one more forward pass.
    case samplesAndReference
}
