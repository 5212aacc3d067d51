import CatenaModels
package import CatenaReporting

/// What the losses and weights of a step's samples were.
package struct SampleSummary: Equatable {
    /// The mean loss that the step has with equal weights.
    package let plainLoss: Double
    /// What the sums of plain losses and of metrics are divided by.
    package let plainWeight: Double
    /// (Σ w)² / Σ w²: as many samples of equal weight would say as much.
    package let effectiveSampleSize: Double
    package let smallestLoss: Double
    package let largestLoss: Double
    /// The part of the samples that have the highest score.
    package let plateauShare: Double

    /// The summary of samples; those without anything to learn are left out.
    init(_ samples: [WeighedSample]) {
        let present = samples.filter { $0.loss.weight > 0 }
        let losses = present.compactMap(\.loss.mean)
        plainWeight = present.reduce(0) { $0 + $1.loss.weight }
        plainLoss = present.reduce(0) { $0 + $1.loss.sum } / plainWeight
        let sum = present.reduce(0) { $0 + $1.weight }
        effectiveSampleSize = sum * sum / present.reduce(0) { $0 + $1.weight * $1.weight }
        (smallestLoss, largestLoss) = (losses.min() ?? .nan, losses.max() ?? .nan)
        plateauShare = Double(present.count(where: \.isHighest)) / Double(present.count)
    }

    /// The numbers under their keys in `metrics.jsonl`.
    package func means(weightedLoss: Double) -> [MetricsLine.Mean] {
        [
            SampleMetric.weightedLoss.mean(weightedLoss), SampleMetric.effectiveSampleSize.mean(effectiveSampleSize),
            SampleMetric.smallestLoss.mean(smallestLoss), SampleMetric.largestLoss.mean(largestLoss),
            SampleMetric.plateauShare.mean(plateauShare),
        ]
    }
}
