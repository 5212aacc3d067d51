import CatenaEngine
import Testing

/// Against transformers' schedules: Tests/Reference/optimizer_values.py printed the literals
/// (peak 2e-4, 3 steps of warm-up, 12 steps in all).
@Suite("Learning rate schedule")
struct LearningRateScheduleTests {
    private func rates(_ shape: LearningRateSchedule.Shape, minimumRatio: Double = 0, count: Int = 13) -> [Double] {
        let schedule = LearningRateSchedule(
            shape: shape, peak: 2e-4, warmupSteps: 3, totalSteps: 12, minimumRatio: minimumRatio)
        return (0..<count).map { schedule.learningRate(step: $0) }
    }

    private func expectEqual(_ found: [Double], _ expected: [Double]) {
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-13) }
    }

    @Test("constant with warm-up")
    func constant() {
        expectEqual(rates(.constant), [0, 6.666666667e-05, 0.0001333333333] + [Double](repeating: 2e-4, count: 10))
    }

    @Test("linear")
    func linear() {
        expectEqual(
            rates(.linear),
            [
                0, 6.666666667e-05, 0.0001333333333, 0.0002, 0.0001777777778, 0.0001555555556, 0.0001333333333,
                0.0001111111111, 8.888888889e-05, 6.666666667e-05, 4.444444444e-05, 2.222222222e-05, 0,
            ])
    }

    @Test("cosine")
    func cosine() {
        expectEqual(
            rates(.cosine),
            [
                0, 6.666666667e-05, 0.0001333333333, 0.0002, 0.0001939692621, 0.0001766044443, 0.00015,
                0.0001173648178, 8.263518223e-05, 5e-05, 2.339555569e-05, 6.030737921e-06, 0,
            ])
    }

    @Test("cosine with a minimum")
    func cosineWithMinimum() {
        expectEqual(
            rates(.cosine, minimumRatio: 0.1),
            [
                0, 6.666666667e-05, 0.0001333333333, 0.0002, 0.0001945723359, 0.0001789439999, 0.000155,
                0.000125628336, 9.437166401e-05, 6.5e-05, 4.105600012e-05, 2.542766413e-05, 2e-05,
            ])
    }

    @Test("the rate stays at its minimum after the end", arguments: [LearningRateSchedule.Shape.linear, .cosine])
    func afterTheEnd(shape: LearningRateSchedule.Shape) {
        let late = rates(shape, minimumRatio: 0.25, count: 40)[12...]
        #expect(late.allSatisfy { abs($0 - 5e-5) < 1e-15 })
    }

    @Test("without warm-up the first step has the peak rate; a run of warm-up only never divides by zero")
    func extremes() {
        for shape in LearningRateSchedule.Shape.allCases {
            let noWarmup = LearningRateSchedule(shape: shape, peak: 1, warmupSteps: 0, totalSteps: 10)
            #expect(noWarmup.learningRate(step: 0) == 1)
            let onlyWarmup = LearningRateSchedule(shape: shape, peak: 1, warmupSteps: 4, totalSteps: 4)
            #expect((0..<6).allSatisfy { onlyWarmup.learningRate(step: $0).isFinite })
        }
    }
}
