/// How near predicted numbers are.
///
///     mean squared error = Σ (p - t)² / n
///     Pearson = Σ (p - p̄)(t - t̄) / √(Σ (p - p̄)² Σ (t - t̄)²); NaN where one of them does not vary
package struct RegressionMetrics: Sendable, Equatable {
    /// Examples.
    package let exampleCount: Int
    /// The mean of the squared differences.
    package let meanSquaredError: Double
    /// The correlation of predictions and targets, in -1...1.
    package let pearson: Double

    /// Compares predictions with targets, one each.
    package init(targets: [Double], predictions: [Double]) {
        precondition(targets.count == predictions.count, "\(targets.count) targets of \(predictions.count) predictions")
        exampleCount = targets.count
        let count = Double(targets.count)
        meanSquaredError = zip(targets, predictions).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / count
        let targetMean = targets.reduce(0, +) / count
        let predictionMean = predictions.reduce(0, +) / count
        var (both, target, prediction) = (0.0, 0.0, 0.0)
        for (t, p) in zip(targets, predictions) {
            both += (t - targetMean) * (p - predictionMean)
            target += (t - targetMean) * (t - targetMean)
            prediction += (p - predictionMean) * (p - predictionMean)
        }
        pearson = target > 0 && prediction > 0 ? both / (target * prediction).squareRoot() : .nan
    }
}
