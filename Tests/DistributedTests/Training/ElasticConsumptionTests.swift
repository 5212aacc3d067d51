import CatenaLearning
import CatenaDistributed
import Testing

@Suite("Consumption of examples")
struct ElasticConsumptionTests {
    private static let count = 53

    /// The examples that process `rank` of `size` trains on in a step, as the trainer takes its share.
    private func consumed(_ plan: BatchPlan, step: Int, rank: Int, size: Int) -> [Int] {
        let batch = plan.microBatches(step: step)
        let share = ReductionTree.share(of: batch.microBatches.count, rank: rank, size: size)
        return batch.microBatches[share].flatMap { $0.rows.joined() }
    }

    @Test(
        "saved by P processes and resumed by P', at any step, each example is used exactly once an epoch",
        arguments: [1, 2, 3, 4], [1, 2, 3, 4])
    func exactlyOnce(saved: Int, resumed: Int) throws {
        let lengths = (0..<Self.count).map { 2 + ($0 * 29) % 47 }
        for (packing, globalBatch, microBatch) in [(true, 6, 2), (false, 7, 3), (false, 8, 1), (true, 4, 4)] {
            func plan() throws -> BatchPlan {
                try BatchPlan(
                    exampleLengths: lengths,
                    settings: .init(
                        globalBatch: globalBatch, microBatch: microBatch, maximumLength: 64, packing: packing,
                        shuffle: true, seed: 11))
            }
            let before = try plan()
            let stepCount = before.stepCount(epochs: 2)
            for resumeStep in 0...stepCount {
                // The resumed processes know nothing but the step.
                let after = try plan()
                var uses: [Int: [Int]] = [:]
                for step in 0..<stepCount {
                    let (plan, size) = step < resumeStep ? (before, saved) : (after, resumed)
                    let epoch = plan.microBatches(step: step).epoch
                    for rank in 0..<size {
                        uses[epoch, default: []] += consumed(plan, step: step, rank: rank, size: size)
                    }
                }
                #expect(uses.count == 2)
                for examples in uses.values { #expect(examples.sorted() == Array(0..<Self.count)) }
            }
        }
    }
}
