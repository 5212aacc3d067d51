import CatenaLearning
import CatenaEngine
import Testing

@Suite("Batch plan")
struct BatchPlanTests {
    /// Lengths of 2...60 tokens.
    private static let lengths: [Int] = {
        var generator = SeededGenerator(seed: 9, purpose: "lengths")
        return (0..<157).map { _ in 2 + generator.next(below: 59) }
    }()

    private func plan(packing: Bool, globalBatch: Int = 8, microBatch: Int = 3, seed: UInt64 = 1, shuffle: Bool = true)
        throws -> BatchPlan
    {
        try BatchPlan(
            exampleLengths: Self.lengths,
            settings: .init(
                globalBatch: globalBatch, microBatch: microBatch, maximumLength: 64, packing: packing, shuffle: shuffle,
                seed: seed))
    }

    @Test("every example is used exactly once an epoch", arguments: [true, false])
    func exactlyOnce(packing: Bool) throws {
        let plan = try plan(packing: packing)
        var step = 0
        for epoch in 0..<3 {
            var used: [Int] = []
            let stepCount = plan.microBatches(step: step).stepsInEpoch
            for stepInEpoch in 0..<stepCount {
                let batch = plan.microBatches(step: step)
                #expect(batch.epoch == epoch && batch.stepInEpoch == stepInEpoch && batch.step == step)
                #expect(batch.microBatches.map(\.globalIndex) == Array(0..<batch.microBatches.count))
                let rowCount = batch.microBatches.reduce(0) { $0 + $1.rows.count }
                #expect(stepInEpoch + 1 == stepCount ? rowCount <= 8 && rowCount > 0 : rowCount == 8)
                #expect(batch.stepsInEpoch == stepCount)
                used += batch.microBatches.flatMap { $0.rows.joined() }
                step += 1
            }
            #expect(used.sorted() == Array(0..<157))
        }
        #expect(plan.stepCount(epochs: 3) == step)
    }

    @Test("a step is the same whenever it is asked for", arguments: [true, false])
    func isPure(packing: Bool) throws {
        let forward = try plan(packing: packing)
        let plans = (0..<70).map { forward.microBatches(step: $0) }
        let resumed = try plan(packing: packing)
        for step in [69, 0, 33, 34, 5] { #expect(resumed.microBatches(step: step) == plans[step]) }
        let other = try plan(packing: packing, seed: 2)
        #expect(other.microBatches(step: 0) != plans[0])
        let epochs = plans.filter { $0.epoch == 0 }.map(\.microBatches)
        let later = plans.filter { $0.epoch == 1 }.map(\.microBatches)
        #expect(!later.isEmpty)
        #expect(epochs != Array(later))
    }

    @Test("packed rows keep to their length and are nearly full; one example longer than a row is alone")
    func packing() throws {
        let plan = try plan(packing: true)
        let rows = (0..<plan.stepCount(epochs: 1)).flatMap { plan.microBatches(step: $0).microBatches.flatMap(\.rows) }
        let loads = rows.map { $0.reduce(0) { $0 + Self.lengths[$1] - 1 } }
        #expect(loads.allSatisfy { $0 <= 64 && $0 > 0 })
        let total = loads.reduce(0, +)
        #expect(rows.count <= total / 64 + total / 640 + 2)
        let long = try BatchPlan(
            exampleLengths: [5, 100, 5],
            settings: .init(globalBatch: 4, microBatch: 4, maximumLength: 64, packing: true, shuffle: false, seed: 0))
        #expect(long.microBatches(step: 0).microBatches[0].rows == [[0, 2], [1]])
    }

    @Test("without shuffling and packing the rows are the file's examples in order")
    func fileOrder() throws {
        let plan = try plan(packing: false, shuffle: false)
        #expect(
            plan.microBatches(step: 1).microBatches.map(\.rows) == [
                [[8], [9], [10]], [[11], [12], [13]], [[14], [15]],
            ])
        #expect(plan.stepCount(epochs: 1) == 20)
        #expect(plan.microBatches(step: 19).microBatches.map(\.rows) == [[[152], [153], [154]], [[155], [156]]])
    }

    @Test("batch sizes that contradict each other are refused")
    func contradictions() throws {
        #expect(
            throws: DataError.invalidSetting(
                name: "training.micro-batch", value: "9", expected: "1...8, the global batch")
        ) {
            try plan(packing: false, microBatch: 9)
        }
        #expect(throws: DataError.invalidSetting(name: "training.global-batch", value: "0", expected: "at least 1")) {
            try plan(packing: false, globalBatch: 0)
        }
    }
}
