package import CatenaLearning

/// What every process knows after a reduction.
package struct ReducedStep: Equatable, Sendable {
    /// Sums over all micro-batches.
    package let scalars: [Double]
    /// The highest `vote` of any process.
    package let highestVote: Int
}

/// What reductions have cost this process so far.
package struct ReductionTraffic: Equatable, Sendable {
    /// Reductions so far.
    package internal(set) var steps = 0
    /// Payload sent by this process; in `fast` mode 2 N (P - 1) / P values, what a bandwidth-optimal all-reduce sends.
    package internal(set) var bytesSent = 0
    /// Time in the cross-process half, waiting for slower processes included.
    package internal(set) var seconds = 0.0
}

/// Sums gradients and scalars of all micro-batches of an optimizer step over all processes.
///
/// A step is `begin`, one `add` per micro-batch of this process's share in index order, `finish`. All buffers are made at the
/// first step with a given micro-batch count and reused.
package final class GradientReducer {
    /// How sums are formed.
    package let mode: RunConfiguration.DistributedSection.Reduction
    /// Elements of a gradient.
    package private(set) var parameterCount: Int
    /// Doubles that are summed with each gradient.
    package let scalarCount: Int
    /// What it has cost.
    package private(set) var traffic = ReductionTraffic()
    private let communicator: any Communicator
    private var sums: PartialSums
    private var exchange: TreeExchange?
    private var microBatchCount = 0
    private var share = 0..<0
    private var nextIndex = 0

    /// - Parameter scalarCount: how many doubles (loss sum, token weights) are summed with each gradient.
    package init(
        communicator: any Communicator, parameterCount: Int, scalarCount: Int,
        mode: RunConfiguration.DistributedSection.Reduction
    ) {
        precondition(parameterCount >= 0 && scalarCount >= 0, "counts must not be negative")
        self.communicator = communicator
        self.parameterCount = parameterCount
        self.scalarCount = scalarCount
        self.mode = mode
        sums = PartialSums(parameterCount: parameterCount, scalarCount: scalarCount)
    }

    /// From the next step on, gradients have `parameterCount` elements. Not within a step.
    package func resize(parameterCount: Int) {
        guard parameterCount != self.parameterCount else { return }
        self.parameterCount = parameterCount
        sums = PartialSums(parameterCount: parameterCount, scalarCount: scalarCount)
        exchange = nil
    }

    /// Starts a step of `microBatchCount` micro-batches over all processes (the same number on every process, at least 1).
    ///
    /// - Returns: the global indices this process computes; empty when there are fewer micro-batches than processes.
    @discardableResult
    package func begin(microBatchCount: Int) -> Range<Int> {
        precondition(microBatchCount >= 1, "a step has at least one micro-batch")
        self.microBatchCount = microBatchCount
        share = ReductionTree.share(of: microBatchCount, rank: communicator.rank, size: communicator.size)
        nextIndex = share.lowerBound
        sums.removeAll()
        sums.grow(to: mode == .fast ? 1 : ReductionTree.deepestStack(of: share, count: microBatchCount))
        return share
    }

    /// Adds the gradient sums (not means) of one micro-batch.
    ///
    /// - Parameter microBatch: its global index: the next one of the share.
    /// - Parameter gradient: `parameterCount` values; only read during the call.
    package func add(microBatch: Int, gradient: UnsafePointer<Float>, scalars: [Double]) {
        precondition(
            microBatch == nextIndex && share.contains(microBatch),
            "micro-batches are added in index order, within the share")
        precondition(scalars.count == scalarCount, "one value per scalar")
        nextIndex += 1
        switch mode {
        case .reproducible: unsafe sums.add(leaf: microBatch, of: microBatchCount, gradient: gradient, scalars: scalars)
        case .fast: unsafe sums.accumulate(leaf: microBatch, gradient: gradient, scalars: scalars)
        }
    }

    /// Collective: sums over all processes.
    ///
    /// - Parameter result: `parameterCount` values; receives the same sums on every process. May be any `add` buffer.
    /// - Parameter vote: a number whose maximum all processes learn, such as 1 for "a stop signal came".
    package func finish(into result: UnsafeMutablePointer<Float>, vote: Int = 0) throws(CommunicatorError)
        -> ReducedStep
    {
        precondition(
            nextIndex == share.upperBound, "all micro-batches of the share must be added before the sum is finished")
        traffic.steps += 1
        if communicator.size == 1 {
            unsafe result.update(from: sums.gradients[0], count: parameterCount)
            return ReducedStep(scalars: (0..<scalarCount).map { unsafe sums.scalars[0][$0] }, highestVote: vote)
        }
        let clock = ContinuousClock()
        let start = clock.now
        defer { traffic.seconds += (clock.now - start) / .seconds(1) }
        CrashPoint.reached("reduction", number: Activity.process.step)
        return try Activity.process.during("reduction") { () throws(CommunicatorError) in
            switch mode {
            case .reproducible: unsafe try finishTree(into: result, vote: vote)
            case .fast: unsafe try finishFast(into: result, vote: vote)
            }
        }
    }

    private func finishTree(into result: UnsafeMutablePointer<Float>, vote: Int) throws(CommunicatorError)
        -> ReducedStep
    {
        let current: TreeExchange
        if let exchange, exchange.microBatchCount == microBatchCount {
            current = exchange
        } else {
            current = TreeExchange(communicator: communicator, sums: sums, microBatchCount: microBatchCount)
            exchange = current
        }
        traffic.bytesSent += current.bytesPerStep
        return unsafe try current.run(into: result, vote: vote)
    }

    private func finishFast(into result: UnsafeMutablePointer<Float>, vote: Int) throws(CommunicatorError)
        -> ReducedStep
    {
        var scalars = [Double](repeating: 0, count: scalarCount)
        if share.isEmpty {
            unsafe result.update(repeating: 0, count: parameterCount)
        } else {
            unsafe result.update(from: sums.gradients[0], count: parameterCount)
            for i in 0..<scalarCount { scalars[i] = unsafe sums.scalars[0][i] }
        }
        unsafe try communicator.allReduceSum(UnsafeMutableBufferPointer(start: result, count: parameterCount))
        try communicator.allReduceSum(&scalars)
        let highestVote = try communicator.allReduceMax([Int64(vote)])[0]
        traffic.bytesSent +=
            2 * parameterCount * MemoryLayout<Float>.stride * (communicator.size - 1) / communicator.size
        return ReducedStep(scalars: scalars, highestVote: Int(highestVote))
    }
}
