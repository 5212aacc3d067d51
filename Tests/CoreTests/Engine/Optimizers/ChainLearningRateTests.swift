import CatenaEngine
import Foundation
import Testing

@Suite("Learning rate of a chain")
struct ChainLearningRateTests {
    private let schedule = LearningRateSchedule(
        shape: .cosine, peak: 1e-3, warmupSteps: 5, totalSteps: 60, minimumRatio: 0.1)

    private func rates(_ rate: ChainLearningRate, knots: [Int], end: Int = 60) -> [Double] {
        (0..<60).map { step in
            let past = knots.filter { $0 <= step }
            return rate.learningRate(step: step, knots: past, nextKnot: knots.first { $0 > step } ?? end)
        }
    }

    @Test("global with a cosine is ReLoRA's jagged cosine")
    func jaggedCosine() {
        let found = rates(
            ChainLearningRate(schedule: schedule, span: .global, rewarmSteps: 4), knots: [20, 40])
        let (total, first, restart, cycle, floor) = (60.0, 5.0, 4.0, 20.0, 0.1)
        func decay(_ t: Double) -> Double {
            floor + (1 - floor) * 0.5 * (1 + cos(Double.pi * (t - first) / (total - first)))
        }
        for step in 0..<60 {
            let t = Double(step)
            let inCycle = t.truncatingRemainder(dividingBy: cycle)
            let expected =
                t < first
                ? t / first
                : t >= cycle && inCycle < restart
                    ? inCycle / restart * decay((t / cycle).rounded(.down) * cycle + restart) : decay(t)
            #expect(abs(found[step] - 1e-3 * expected) < 1e-15, "step \(step)")
        }
    }

    @Test("without re-warming, global is the schedule of the whole run")
    func global() {
        let found = rates(ChainLearningRate(schedule: schedule, span: .global, rewarmSteps: 0), knots: [20, 33])
        #expect(found == (0..<60).map(schedule.learningRate))
    }

    @Test("per link, the schedule begins anew over the link's own steps")
    func perLink() {
        let found = rates(ChainLearningRate(schedule: schedule, span: .perLink, rewarmSteps: 3), knots: [20, 50])
        for (start, end, warmup) in [(0, 20, 5), (20, 50, 3), (50, 60, 3)] {
            let own = LearningRateSchedule(
                shape: .cosine, peak: 1e-3, warmupSteps: warmup, totalSteps: end - start, minimumRatio: 0.1)
            #expect(Array(found[start..<end]) == (0..<end - start).map(own.learningRate))
        }
    }
}
