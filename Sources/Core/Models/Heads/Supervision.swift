public import CatenaEngine

/// The rows of a micro-batch that have something to learn.
public struct Supervision {
    /// Rows of the hidden states, or segments where the objective judges those; rising.
    public let rows: [Int]
    /// What is to be predicted at each of them; empty where that is a number.
    public let targets: [Int32]
    /// The number to be predicted at each of them; empty where that is a category.
    public let values: [Float]
    /// The example of each row; empty where no objective asks for it.
    package var samples: [Int] = []
    /// The weight of each in the loss.
    public private(set) var weights: [Float]

    /// `rows` with a target, or a value, and a weight each.
    public init(rows: [Int], targets: [Int32] = [], values: [Float] = [], weights: [Float]) {
        precondition(rows.count == weights.count && targets.count + values.count == rows.count, "a target for each row")
        (self.rows, self.targets, self.values, self.weights) = (rows, targets, values, weights)
    }

    /// Σ of the weights.
    public var weight: Double { weights.reduce(0) { $0 + Double($1) } }

    /// The sum of the losses of each segment's rows, in the order of the rows, which are those of tokens.
    func sums(of losses: [Double], in layout: SequenceLayout) -> [Double] {
        var sums = [Double](repeating: 0, count: layout.segmentCount)
        forEachRow(in: layout) { row, segment in sums[segment] += losses[row] }
        return sums
    }

    /// The same rows with the weights of each segment multiplied by its factor.
    func weighted(by factors: [Float], in layout: SequenceLayout) -> Supervision {
        var result = self
        forEachRow(in: layout) { row, segment in result.weights[row] *= factors[segment] }
        return result
    }

    /// The same segments with their weights multiplied by a factor each.
    func weighted(by factors: [Float]) -> Supervision {
        var result = self
        for index in weights.indices { result.weights[index] *= factors[index] }
        return result
    }

    private func forEachRow(in layout: SequenceLayout, _ body: (_ row: Int, _ segment: Int) -> Void) {
        var segment = 0
        for (index, row) in rows.enumerated() {
            while row >= layout.segmentStarts[segment + 1] { segment += 1 }
            body(index, segment)
        }
    }
}

/// The loss of one micro-batch and what the backward pass starts from.
public struct Loss {
    /// Σ weight · loss, in nats.
    public var sum: Double
    /// Σ weight.
    public var weight: Double
    /// Supervised rows.
    public var supervisedCount: Int
    /// The sums of the objective's metrics.
    public var metrics: [Double] = []
    /// What was measured of each segment; empty where the objective has no measurement.
    public var measures: [Double] = []
    /// `d sum / d hidden`, `[N, D]`; nil when no gradient was asked for.
    public var hiddenGradient: Tensor?
    /// `d sum / d` the pass's input, by stream, where it was asked for: of pixels `[N, C · h · w]`.
    public var inputGradients: [StreamName: Tensor] = [:]

    /// Hands the gradient over, so that its memory is free as soon as it has been used.
    mutating func takeHiddenGradient() -> Tensor? {
        defer { hiddenGradient = nil }
        return hiddenGradient
    }
}
