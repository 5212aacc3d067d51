/// What `metrics.jsonl` says of samples that count by their losses; the raw values are its keys.
package enum SampleMetric: String, CaseIterable, Sendable {
    /// The mean loss with the samples' weights; `loss` is that without.
    case weightedLoss = "weighted_loss"
    /// (Σ w)² / Σ w²: as many samples of equal weight would say as much.
    case effectiveSampleSize = "effective_sample_size"
    /// The smallest mean loss of a sample.
    case smallestLoss = "loss_minimum"
    /// The largest mean loss of a sample.
    case largestLoss = "loss_maximum"
    /// The part of the samples that have the highest score.
    case plateauShare = "plateau_share"

    /// A mean under its key.
    package func mean(_ value: Double) -> MetricsLine.Mean { .init(rawValue, value) }
}

extension RunReport {
    /// What the samples' losses and weights were; nothing where all counted alike.
    var sampleCharts: [LineChart] {
        func points(_ metric: SampleMetric) -> [LineChart.Point] {
            lines.flatMap { line in
                line.means.filter { $0.name == metric.rawValue && $0.value.isFinite }.map {
                    .init(x: Double(line.step), y: $0.value)
                }
            }
        }
        let weighted = points(.weightedLoss)
        guard !weighted.isEmpty else { return [] }
        let plain = lines.filter(\.loss.isFinite).map { LineChart.Point(x: Double($0.step), y: $0.loss) }
        return [
            LineChart(
                title: "Losses of samples", unit: lossUnit,
                series: [
                    .init(name: "largest", style: .faint, points: points(.largestLoss)),
                    .init(name: "weighted mean", style: .second, points: weighted),
                    .init(name: "plain mean", style: .first, points: plain),
                    .init(name: "smallest", style: .faint, points: points(.smallestLoss)),
                ]),
            LineChart(
                title: "Effective sample size", unit: "samples a step", startsAtZero: true,
                series: [
                    .init(name: "effective sample size", style: .first, points: points(.effectiveSampleSize))
                ]),
            LineChart(
                title: "Samples on the plateau", unit: "share that counts most", startsAtZero: true,
                series: [.init(name: "share", style: .first, points: points(.plateauShare))]),
        ]
    }
}
