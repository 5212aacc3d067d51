import CatenaCore
import CatenaEngine

/// One optimizer step on all processes:
///
///     plan        which micro-batches the step has, and which of them are this process's
///     gradients   forward and backward through the model, one sum a micro-batch
///     reduce      gradients, losses and weights of all processes, and whether one of them failed or was asked to stop
///     clip        by the norm of the mean gradient
///     update      the same arithmetic on the same bits everywhere
///     hooks       around clipping and update, and after the step
final class Step {
    /// What a step leaves.
    struct Result {
        let metrics: MetricsLine
        /// Whether any process was asked to stop.
        let stopRequested: Bool
    }

    private let setup: TrainingSetup
    private let reducer: GradientReducer
    private let accumulator: GradientAccumulator
    private let validator: Validator?
    private let hooks: [any TrainingHook]

    init(setup: TrainingSetup, reducer: GradientReducer, validator: Validator?, hooks: [any TrainingHook]) {
        self.setup = setup
        self.reducer = reducer
        self.validator = validator
        self.hooks = hooks
        accumulator = GradientAccumulator(setup: setup, reducer: reducer)
    }

    /// Collective: the step after `completed` steps.
    func run(after completed: Int) throws -> Result {
        let clock = ContinuousClock()
        let (begin, step, costs) = (clock.now, completed + 1, costs)
        Activity.process.begin(step: step)
        let (sums, stopRequested) = try reducedGradients(step: step)
        let spent = self.costs - costs
        let learningRate = setup.learningRate(step: completed)
        var context = StepContext(
            step: step, parameters: setup.parameters, weight: sums.weight, gradientScale: 1 / sums.weight)
        for hook in hooks { try hook.beforeClipping(&context) }
        let norm = try clip(&context)
        for hook in hooks { try hook.beforeUpdate(&context) }
        setup.optimizer.step(learningRate: learningRate, gradientScale: context.gradientScale)
        for hook in hooks { try hook.afterUpdate(&context) }
        let seconds = (clock.now - begin) / .seconds(1)
        let validation = try isValidationDue(step) ? validator?.run() : nil
        context.validationLoss = validation?.loss
        for hook in hooks { try hook.afterStep(&context) }
        return Result(
            metrics: MetricsLine(
                step: step, loss: sums.loss / sums.weight, tokens: Int(sums.tokens),
                supervisedTokens: Int(sums.supervised), learningRate: learningRate, gradientNorm: norm,
                tokensPerSecond: sums.tokens / seconds, seconds: seconds, gatherSeconds: spent.gathered.waitedSeconds,
                reduceSeconds: spent.reduceSeconds, gatherBytes: spent.gathered.bytesReceived,
                reduceBytes: spent.reduceBytes, residentBytes: ResidentMemory.currentBytes,
                validationLoss: context.validationLoss, means: means(sums) + (validation?.means ?? []),
                knot: context.knot, penalty: context.penalty),
            stopRequested: stopRequested)
    }

    /// Plan, gradients, reduction.
    private func reducedGradients(step: Int) throws -> (sums: StepSums, stopRequested: Bool) {
        // Before the gradients, because ids of another file may not be the model's; after them, because they are of no use then.
        try setup.requireUnchangedFiles()
        let accumulated = try accumulator.run(setup.plan.microBatches(step: step - 1), step: step - 1)
        let failure = changedFile() ?? accumulated
        let vote = failure != nil ? 2 : StopSignal.isRequested ? 1 : 0
        let reduced = try reducer.finish(into: setup.parameters.gradients.pointer, vote: vote)
        if reduced.highestVote == 2 {
            try setup.communicator.agree("train step \(step)") { if let failure { throw failure } }
        }
        let sums = StepSums(scalars: reduced.scalars)
        guard sums.weight > 0 else { throw TrainingError.nothingSupervised(step: step) }
        return (sums, reduced.highestVote == 1)
    }

    private func means(_ sums: StepSums) -> [MetricsLine.Mean] {
        zip(setup.objective.metrics, sums.metrics).map { .init($0, $1 / sums.weight) }
    }

    private func changedFile() -> (any Error)? {
        do {
            try setup.requireUnchangedFiles()
            return nil
        } catch {
            return error
        }
    }

    /// Bounds the norm of the mean gradient; returns what it was.
    private func clip(_ context: inout StepContext) throws -> Double {
        let gradients = context.parameters.gradients
        let squares = Kernels.sumOfSquares(setup.engine.threads, x: gradients.pointer, count: gradients.count)
        let norm = squares.squareRoot() / context.weight
        guard norm.isFinite else {
            throw TrainingError.notFinite(
                step: context.step, processRank: setup.communicator.rank, microBatch: 0, tensor: "the gradient norm")
        }
        if let limit = setup.configuration.training.gradientClip, norm > limit { context.gradientScale *= limit / norm }
        return norm
    }

    private func isValidationDue(_ step: Int) -> Bool {
        step == setup.totalSteps
            || setup.configuration.training.validationEvery.map { step % $0 == 0 } ?? false
    }

    /// What gathering and reducing have cost so far.
    private struct Costs {
        var gathered: GatherTraffic
        var reduceSeconds: Double
        var reduceBytes: Int

        static func - (left: Costs, right: Costs) -> Costs {
            Costs(
                gathered: left.gathered - right.gathered, reduceSeconds: left.reduceSeconds - right.reduceSeconds,
                reduceBytes: left.reduceBytes - right.reduceBytes)
        }
    }

    private var costs: Costs {
        Costs(
            gathered: setup.placed.traffic, reduceSeconds: reducer.traffic.seconds,
            reduceBytes: reducer.traffic.bytesSent)
    }
}
