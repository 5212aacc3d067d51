import CatenaModels
import CatenaReporting

/// What the losses and weights of a step's samples were.
struct SampleSummary: Equatable {
    /// The mean loss that the step has with equal weights.
    let plainLoss: Double
    /// What the sums of plain losses and of metrics are divided by.
    let plainWeight: Double
    /// (Σ w)² / Σ w²: as many samples of equal weight would say as much.
    let effectiveSampleSize: Double
    let smallestLoss: Double
    let largestLoss: Double
    /// The part of the samples that have the highest score.
    let plateauShare: Double

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
    func means(weightedLoss: Double) -> [MetricsLine.Mean] {
        [
            .init("weighted_loss", weightedLoss), .init("effective_sample_size", effectiveSampleSize),
            .init("loss_minimum", smallestLoss), .init("loss_maximum", largestLoss),
            .init("plateau_share", plateauShare),
        ]
    }
}
