/// The loss of one sample: what an objective counts, such as an example, or a pair of answers.
public struct SampleLoss: Equatable, Sendable, BitwiseCopyable {
    /// Σ weight · loss of its rows.
    public var sum: Double
    /// What it is divided by for the mean: Σ weight of its rows, or 1. A sample of weight 0 has nothing to learn.
    public var weight: Double

    /// A loss from its numbers.
    public init(sum: Double, weight: Double) { (self.sum, self.weight) = (sum, weight) }

    /// The mean loss; nil where there is nothing to learn.
    public var mean: Double? { weight > 0 ? sum / weight : nil }
}

/// A loss as a function of the measures of a micro-batch's segments.
public struct Weighing: Equatable, Sendable {
    /// The samples in order; each is as many segments that follow each other as the others.
    public let samples: [SampleLoss]
    /// The loss sum.
    public private(set) var sum: Double
    /// What the sums of all micro-batches are divided by.
    public private(set) var weight: Double
    /// `d sum / d measure` of each segment.
    public private(set) var factors: [Float]
    /// The sums that belong to ``Objective/metrics``, to be divided by the samples' weight.
    public let metrics: [Double]

    /// The loss of samples that count as they are.
    public init(samples: [SampleLoss], factors: [Float], metrics: [Double] = []) {
        precondition(
            samples.isEmpty ? factors.isEmpty : factors.count.isMultiple(of: samples.count),
            "\(factors.count) segments in \(samples.count) samples")
        (self.samples, self.factors, self.metrics) = (samples, factors, metrics)
        sum = samples.reduce(0) { $0 + $1.sum }
        weight = samples.reduce(0) { $0 + $1.weight }
    }

    /// The same with each sample's loss, weight and factors multiplied by its scale.
    package func scaled(by scales: [Double]) -> Weighing {
        precondition(scales.count == samples.count, "\(scales.count) scales for \(samples.count) samples")
        guard !samples.isEmpty else { return self }
        var result = self
        result.sum = zip(samples, scales).reduce(0) { $0 + $1.0.sum * $1.1 }
        result.weight = zip(samples, scales).reduce(0) { $0 + $1.0.weight * $1.1 }
        let segments = factors.count / samples.count
        for index in factors.indices {
            result.factors[index] = Float(Double(factors[index]) * scales[index / segments])
        }
        return result
    }
}

/// A micro-batch that a head has been through, and whose gradient waits for what its samples count.
public struct JudgedBatch {
    /// The samples as the objective alone counts them.
    public let weighing: Weighing
    /// The loss and its gradient with samples that count otherwise. Only once.
    public let loss: (Weighing) -> Loss
}
