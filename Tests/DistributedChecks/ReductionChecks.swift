import CatenaLearning
import CatenaDistributed

/// A gradient value whose sum depends on the order of addition: magnitudes spread over 2^-12...2^12, both signs.
private func gradientValue(step: Int, microBatch: Int, parameter: Int) -> Float {
    var bits = UInt64(truncatingIfNeeded: step &* 1_000_003 &+ microBatch &* 7919 &+ parameter) &+ 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    let fraction = Float(bits >> 40) / Float(1 << 24) - 0.5
    return fraction * Float(sign: .plus, exponent: Int(bits & 31) - 12, significand: 1)
}

private func gradient(step: Int, microBatch: Int, count: Int) -> [Float] {
    (0..<count).map { gradientValue(step: step, microBatch: microBatch, parameter: $0) }
}

private func scalars(step: Int, microBatch: Int) -> [Double] {
    [Double(gradientValue(step: step, microBatch: microBatch, parameter: -1)) / 3, Double(microBatch + 1)]
}

/// The tree's definition, written as the recursion that it is.
private func treeSum<Value>(
    _ level: Int, _ position: Int, count: Int, leaf: (Int) -> Value, add: (Value, Value) -> Value
) -> Value {
    guard level > 0 else { return leaf(position) }
    let left = treeSum(level - 1, 2 * position, count: count, leaf: leaf, add: add)
    guard (2 * position + 1) << (level - 1) < count else { return left }
    return add(left, treeSum(level - 1, 2 * position + 1, count: count, leaf: leaf, add: add))
}

private func expected(step: Int, microBatches: Int, count: Int) -> (gradient: [Float], scalars: [Double]) {
    var level = 0
    while 1 << level < microBatches { level += 1 }
    return (
        treeSum(
            level, 0, count: microBatches, leaf: { gradient(step: step, microBatch: $0, count: count) },
            add: { zip($0, $1).map { $0 + $1 } }),
        treeSum(
            level, 0, count: microBatches, leaf: { scalars(step: step, microBatch: $0) },
            add: { zip($0, $1).map { $0 + $1 } })
    )
}

/// One step through a reducer.
private func reduce(
    _ reducer: GradientReducer, step: Int, microBatches: Int, vote: Int = 0
) throws -> (gradient: [Float], step: ReducedStep) {
    for index in reducer.begin(microBatchCount: microBatches) {
        reducer.add(
            microBatch: index, gradient: gradient(step: step, microBatch: index, count: reducer.parameterCount),
            scalars: scalars(step: step, microBatch: index))
    }
    let result = UnsafeMutablePointer<Float>.allocate(capacity: max(1, reducer.parameterCount))
    defer { result.deallocate() }
    result.initialize(repeating: .nan, count: reducer.parameterCount)
    let reduced = try reducer.finish(into: result, vote: vote)
    return (Array(UnsafeBufferPointer(start: result, count: reducer.parameterCount)), reduced)
}

let reductionChecks: [Check] = [
    Check(name: "reproducible sums have the bits of the tree's definition for every micro-batch count") {
        communicator, expectations in
        for count in [0, 1, 2, 3, 1000, 4099] {
            let reducer = GradientReducer(
                communicator: communicator, parameterCount: count, scalarCount: 2, mode: .reproducible)
            for (step, microBatches) in [1, 2, 3, 4, 5, 8, 16, 16, 7, 11, 13, 33, 64].enumerated() {
                let (gradient, reduced) = try reduce(reducer, step: step, microBatches: microBatches)
                let right = expected(step: step, microBatches: microBatches, count: count)
                expectations.expect(
                    gradient.map(\.bitPattern) == right.gradient.map(\.bitPattern),
                    "\(count) parameters, \(microBatches) micro-batches")
                expectations.expect(reduced.scalars == right.scalars, "scalars of \(microBatches) micro-batches")
            }
        }
    },
    Check(name: "the sums of the checks depend on the order of addition") { _, expectations in
        let right = expected(step: 0, microBatches: 16, count: 1000).gradient
        var sequential = gradient(step: 0, microBatch: 0, count: 1000)
        for index in 1..<16 {
            sequential = zip(sequential, gradient(step: 0, microBatch: index, count: 1000)).map { $0 + $1 }
        }
        expectations.expect(sequential != right, "another order gives the same bits; the bit checks prove nothing")
    },
    Check(name: "a million parameters give the bits of one process") { communicator, expectations in
        let count = 1_000_001
        let reducer = GradientReducer(
            communicator: communicator, parameterCount: count, scalarCount: 2, mode: .reproducible)
        let alone = GradientReducer(
            communicator: SingleProcessCommunicator(), parameterCount: count, scalarCount: 2, mode: .reproducible)
        let together = try reduce(reducer, step: 3, microBatches: 6)
        let single = try reduce(alone, step: 3, microBatches: 6)
        expectations.expect(together.gradient.map(\.bitPattern) == single.gradient.map(\.bitPattern), "bits differ")
        expectations.expect(together.step == single.step, "scalars differ")
    },
    Check(name: "fast sums agree with the tree to rounding") { communicator, expectations in
        let reducer = GradientReducer(communicator: communicator, parameterCount: 1000, scalarCount: 2, mode: .fast)
        for (step, microBatches) in [1, 2, 5, 16].enumerated() {
            let (gradient, reduced) = try reduce(reducer, step: step, microBatches: microBatches)
            let right = expected(step: step, microBatches: microBatches, count: 1000)
            let scale = right.gradient.map(abs).max() ?? 1
            let worst = zip(gradient, right.gradient).map { abs($0 - $1) }.max() ?? 0
            expectations.expect(worst <= scale * 1e-5, "\(microBatches) micro-batches: off by \(worst) of \(scale)")
            expectations.expect(
                zip(reduced.scalars, right.scalars).allSatisfy { abs($0 - $1) < 1e-6 }, "scalars \(reduced.scalars)")
        }
    },
    Check(name: "one process's vote reaches all, in both modes") { communicator, expectations in
        for mode in RunConfiguration.DistributedSection.Reduction.allCases {
            let reducer = GradientReducer(communicator: communicator, parameterCount: 10, scalarCount: 2, mode: mode)
            for voter in 0..<communicator.size {
                // One micro-batch: all processes but one have nothing to add.
                let (_, reduced) = try reduce(
                    reducer, step: voter, microBatches: 1, vote: communicator.rank == voter ? 7 : 0)
                expectations.expect(
                    reduced.highestVote == 7, "\(mode): the vote of rank \(voter) is \(reduced.highestVote)")
            }
            expectations.expect(reducer.traffic.steps == communicator.size, "\(reducer.traffic.steps) steps counted")
        }
    },
    Check(name: "a process sends 2 N (P - 1) / P values a step when shares are tree nodes") {
        communicator, expectations in
        let size = communicator.size
        guard size > 1, size.nonzeroBitCount == 1 else { return }
        let count = 1024 * size
        let reducer = GradientReducer(
            communicator: communicator, parameterCount: count, scalarCount: 2, mode: .reproducible)
        _ = try reduce(reducer, step: 0, microBatches: 4 * size)
        let scalarBytes = (size - 1) * 3 * 8
        let right = 2 * count * (size - 1) / size * 4 + scalarBytes
        expectations.expect(
            reducer.traffic.bytesSent == right, "sent \(reducer.traffic.bytesSent) bytes, expected \(right)")
        expectations.expect(reducer.traffic.seconds > 0, "no time counted")
    },
]
