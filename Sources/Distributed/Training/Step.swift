import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaReporting

/// One optimizer step on all processes:
///
///     plan        which micro-batches the step has, and which of them are this process's
///     gradients   forward and backward through the model, one sum a micro-batch
///     reduce      gradients, losses and weights of all processes, and whether one of them failed or was asked to stop
///     pull back   gradients of what the optimizer moves, where that is not what the model computes with
///     clip        by the norm of the mean gradient
///     update      the same arithmetic on the same bits everywhere; the model's values follow
///     hooks       around clipping and update, and after the step
final class Step {
    private let section: RunConfiguration.TrainingSection
    private let objective: any Objective
    private let placed: PlacedModel
    private let plan: BatchPlan
    private let trained: Trained
    private let course: RunCourse
    private let files: FilesInUse
    private let reducer: GradientReducer
    private let accumulator: GradientAccumulator
    private let validator: Validator?
    private let hooks: [any TrainingHook]
    private let communicator: any Communicator

    init(
        _ configuration: RunConfiguration, base: RunModel, data: RunData, trained: Trained, course: RunCourse,
        reducer: GradientReducer, validator: Validator?, hooks: [any TrainingHook], communicator: any Communicator
    ) {
        (section, objective) = (configuration.training, base.task.objective)
        (placed, plan, files) = (base.placed, data.plan, FilesInUse(base, data))
        (self.trained, self.course, self.reducer) = (trained, course, reducer)
        (self.validator, self.hooks, self.communicator) = (validator, hooks, communicator)
        accumulator = GradientAccumulator(
            configuration, base: base, data: data.training, trained: trained, reducer: reducer,
            communicator: communicator)
    }

    /// Collective: the step after `completed` steps.
    ///
    /// - Returns: whether any process was asked to stop.
    func run(after completed: Int) throws -> Bool {
        let clock = ContinuousClock()
        let (begin, step, costs) = (clock.now, completed + 1, costs)
        Activity.process.begin(step: step)
        let (sums, samples, stopRequested) = try reducedGradients(step: step)
        let spent = self.costs - costs
        let learningRate = course.learningRate(step: completed)
        var context = StepContext(
            step: step, parameters: trained.parameters, weight: sums.weight, stopRequested: stopRequested,
            gradientScale: 1 / sums.weight)
        for hook in hooks { try hook.beforeClipping(&context) }
        let raw = trained.state.raw
        raw?.pullBack()
        let norm = try clip(&context)
        for hook in hooks { try hook.beforeUpdate(&context) }
        // With what the hooks have added to the gradients.
        raw?.pullBack()
        trained.optimizer.step(learningRate: learningRate, gradientScale: context.gradientScale)
        raw?.writeSeen()
        for hook in hooks { try hook.afterUpdate(&context) }
        try raw?.adoptSeen()
        let seconds = (clock.now - begin) / .seconds(1)
        let validation = try isValidationDue(step) ? validator?.run() : nil
        context.validationLoss = validation?.loss
        for hook in hooks { try hook.afterStep(&context) }
        let metrics = MetricsLine(
            step: step, loss: samples?.plainLoss ?? sums.loss / sums.weight, tokens: Int(sums.tokens),
            supervisedTokens: Int(sums.supervised), learningRate: learningRate, gradientNorm: norm,
            tokensPerSecond: sums.tokens / seconds, seconds: seconds, gatherSeconds: spent.gathered.waitedSeconds,
            reduceSeconds: spent.reduceSeconds, gatherBytes: spent.gathered.bytesReceived,
            reduceBytes: spent.reduceBytes, residentBytes: ResidentMemory.currentBytes,
            validationLoss: context.validationLoss,
            means: means(sums, samples, raw: raw) + (validation?.means ?? []),
            knot: context.knot, penalty: context.penalty)
        for hook in hooks { try hook.stepEnded(context, metrics) }
        return stopRequested
    }

    /// Plan, gradients, reduction.
    private func reducedGradients(
        step: Int
    ) throws -> (sums: StepSums, samples: SampleSummary?, stopRequested: Bool) {
        // Before the gradients, because ids of another file may not be the model's; after them, because they are of no use then.
        try files.requireUnchanged()
        let accumulated = try accumulator.run(plan.microBatches(step: step - 1), step: step - 1)
        let failure = changedFile() ?? accumulated
        let vote = failure != nil ? 2 : StopSignal.isRequested ? 1 : 0
        let reduced = unsafe try reducer.finish(into: trained.parameters.gradients.pointer, vote: vote)
        if reduced.highestVote == 2 {
            try communicator.agree("train step \(step)") { if let failure { throw failure } }
        }
        let sums = StepSums(scalars: reduced.scalars)
        guard sums.weight > 0 else { throw TrainingError.nothingSupervised(step: step) }
        return (sums, try accumulator.weigher?.summary(), reduced.highestVote == 1)
    }

    /// The objective's means, those of samples that do not count alike, and what is known of numbers behind the weights.
    private func means(_ sums: StepSums, _ samples: SampleSummary?, raw: RawParameters?) -> [MetricsLine.Mean] {
        let weight = samples?.plainWeight ?? sums.weight
        return zip(objective.metrics, sums.metrics).map { .init($0, $1 / weight) }
            + (samples?.means(weightedLoss: sums.loss / sums.weight) ?? [])
            + (raw?.metrics ?? []).map { .init($0.name, $0.value) }
    }

    private func changedFile() -> (any Error)? {
        do {
            try files.requireUnchanged()
            return nil
        } catch {
            return error
        }
    }

    /// Bounds the norm of the mean gradient; returns what it was.
    private func clip(_ context: inout StepContext) throws -> Double {
        let gradients = trained.state.moved.gradients
        let squares = unsafe Kernels.sumOfSquares(
            placed.model.engine.threads, x: gradients.pointer, count: gradients.count)
        let norm = squares.squareRoot() / context.weight
        guard norm.isFinite else {
            throw TrainingError.notFinite(
                step: context.step, processRank: communicator.rank, microBatch: 0, tensor: "the gradient norm")
        }
        if let limit = section.gradientClip, norm > limit { context.gradientScale *= limit / norm }
        return norm
    }

    private func isValidationDue(_ step: Int) -> Bool {
        step == course.totalSteps || section.validationEvery.map { step % $0 == 0 } ?? false
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
            gathered: placed.traffic, reduceSeconds: reducer.traffic.seconds,
            reduceBytes: reducer.traffic.bytesSent)
    }
}
