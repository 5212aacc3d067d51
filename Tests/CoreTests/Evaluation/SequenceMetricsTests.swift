import CatenaLearning
import Testing

/// Expected numbers are scikit-learn's and NumPy's.
@Suite("Metrics of sequences")
struct SequenceMetricsTests {
    private func metrics(_ targets: [Int], _ predictions: [Int], count: Int) -> ClassificationMetrics {
        var metrics = ClassificationMetrics(categoryCount: count)
        for (target, prediction) in zip(targets, predictions) { metrics.add(target: target, prediction: prediction) }
        return metrics
    }

    @Test("accuracy, macro F1 and Matthews of several classes, one of which occurs nowhere")
    func classes() {
        let metrics = metrics(
            [0, 0, 1, 1, 2, 2, 2, 3, 0, 1, 2, 2], [0, 1, 1, 1, 2, 0, 2, 4, 0, 2, 2, 1], count: 6)
        #expect(metrics.exampleCount == 12 && metrics.correctCount == 7)
        #expect(abs(metrics.accuracy - 0.5833333333333334) < 1e-12)
        #expect(abs(metrics.macroF1 - 0.38095238095238093) < 1e-12)
        #expect(abs(metrics.matthews - 0.42576344347996997) < 1e-12)
    }

    @Test("one class for all is no correlation")
    func constant() {
        let metrics = metrics([0, 1, 1, 0], [0, 0, 0, 0], count: 2)
        #expect(metrics.accuracy == 0.5 && abs(metrics.macroF1 - 1.0 / 3) < 1e-12 && metrics.matthews == 0)
    }

    @Test("mean squared error and Pearson's correlation, also far from 0")
    func numbers() {
        let (targets, predictions) = ([1.5, -2, 3.25, 4, 0.1], [1, -1.5, 2, 5, 1.25])
        let metrics = RegressionMetrics(targets: targets, predictions: predictions)
        #expect(abs(metrics.meanSquaredError - 0.877) < 1e-12)
        #expect(abs(metrics.pearson - 0.9072441958576577) < 1e-12)
        let far = RegressionMetrics(
            targets: targets.map { 1e6 + $0 * 0.001 }, predictions: predictions.map { 1e6 + $0 * 0.001 })
        #expect(abs(far.pearson - 0.90724419) < 1e-7)
        #expect(RegressionMetrics(targets: [1, 2], predictions: [3, 3]).pearson.isNaN)
    }
}
