public import CatenaCore
import CatenaEngine

/// Fine-tunes a model on all processes of a job, from the configuration to the adapter on disk.
///
/// Each step: every process takes its share of the step's micro-batches, adds up gradient *sums*, all
/// sums are reduced together with the token weights, divided once, clipped, and applied by the same
/// optimizer on every process. Randomness and order depend on the seed and on global indices only, so
/// the result does not depend on the number of processes (reproducible reduction).
public final class Trainer {
    /// How a run begins.
    public enum Start: Sendable, Equatable {
        /// A new run; refused when the output holds one.
        case fresh
        /// From the newest valid checkpoint of the output, or anew if there is none.
        case automatic
        /// From this checkpoint folder, or the newest valid one of this run folder.
        case checkpoint(String)
    }

    /// How a run ended.
    public enum Outcome: Sendable, Equatable {
        /// All steps are done.
        case finished
        /// A signal asked to stop; a checkpoint of this step is on disk.
        case stopped(signal: String, step: Int)
        /// A signal asked to stop before the first step of this start; nothing was done since `step`, 0 or the
        /// step of the checkpoint that was to be continued.
        case stoppedBeforeTraining(signal: String, step: Int)
    }

    let setup: TrainingSetup
    let communicator: any Communicator
    private let accumulator: GradientAccumulator
    private let reducer: GradientReducer
    private let recorder: RunRecorder
    let validator: Validator?
    private let knots: KnotTying?
    private let alarm: DivergenceAlarm
    private(set) var step: Int

    /// Collective: builds the run and resumes it if asked to.
    ///
    /// - Parameter report: receives what happens, on process 0 only.
    public init(
        _ configuration: RunConfiguration, communicator: any Communicator, start: Start = .fresh,
        report: @escaping (TrainerEvent) -> Void
    ) throws {
        self.communicator = communicator
        let report = communicator.isRoot ? report : { _ in }
        try communicator.requireSame(configuration)
        let lock = FolderLock(folder: configuration.output)
        let resume = try ResumePoint.find(
            configuration, start: start, lock: lock, communicator: communicator, report: report)
        try communicator.agree("compare the configuration with the checkpoint's") {
            if let resume { try TrainingState.requireSameConfiguration(configuration, as: resume) }
        }
        let setup = try TrainingSetup(configuration, communicator: communicator, isResuming: resume != nil)
        self.setup = setup
        step = try communicator.agree("restore the checkpoint") {
            try resume.map { try TrainingState(setup: setup).restore(from: $0) } ?? 0
        }
        alarm = DivergenceAlarm(setup: setup)
        try alarm.requireEqualState(step: step)
        if let resume {
            report(.note("RESUMED step \(step) from \(resume.path)"))
            if let note = try setup.noteOfOtherLength(than: resume, step: step) { report(.note(note)) }
        }
        reducer = GradientReducer(
            communicator: communicator, parameterCount: setup.parameters.count,
            scalarCount: StepSums.scalarCount,
            mode: configuration.distributed.reduction)
        accumulator = GradientAccumulator(setup: setup, reducer: reducer)
        validator = try setup.validation.map {
            try Validator($0, model: setup.model, configuration: configuration, communicator: communicator)
        }
        knots = KnotTying(setup: setup, reducer: reducer, report: report)
        recorder = try RunRecorder(
            setup: setup, lock: lock, resumedStep: resume == nil ? nil : step, report: report)
        recorder.started(step: step)
    }

    /// Collective: trains until all steps are done or a signal asks to stop.
    ///
    /// When it throws, a checkpoint that was handed to the writer before is still completed.
    public func run() throws -> Outcome {
        do {
            return try trainToEnd()
        } catch {
            try? recorder.close()
            throw error
        }
    }

    private func trainToEnd() throws -> Outcome {
        // A signal may have come while the model and the data were made ready.
        if step < setup.totalSteps, try communicator.allReduceMax([StopSignal.isRequested ? 1 : 0])[0] == 1 {
            try recorder.close()
            return .stoppedBeforeTraining(signal: StopSignal.name ?? Self.otherProcessSignal, step: step)
        }
        while step < setup.totalSteps {
            let stopRequested = try trainStep()
            CrashPoint.reached("step-end", number: step)
            BitFlip.apply(to: setup.parameters, afterStep: step)
            if stopRequested {
                try requireSoundState()
                try recorder.checkpoint(step: step)
                try recorder.close()
                return .stopped(signal: StopSignal.name ?? Self.otherProcessSignal, step: step)
            }
            if recorder.isCheckpointDue(step: step) {
                try requireSoundState()
                try recorder.checkpoint(step: step)
            } else if alarm.isCheckDue(step: step) {
                try alarm.requireEqualState(step: step)
            }
        }
        try requireSoundState()
        try recorder.finish(step: step)
        try communicator.barrier(sleeping: true)
        return .finished
    }

    /// Collective: what is to be saved must be finite and the same on all processes.
    private func requireSoundState() throws {
        try TrainingState(setup: setup).requireFinite(step: step)
        try alarm.requireEqualState(step: step)
    }

    private static let otherProcessSignal = "a signal of another process"

    /// One optimizer step. Returns whether any process was asked to stop.
    private func trainStep() throws -> Bool {
        let clock = ContinuousClock()
        let begin = clock.now
        Activity.process.begin(step: step + 1)
        // Before the step, because ids of another file may not be the model's; after it, because its gradients are of no use then.
        try setup.requireUnchangedFiles()
        let plan = setup.plan.microBatches(step: step)
        let traffic = setup.placed.traffic
        let accumulated = try accumulator.run(plan, step: step)
        let failure = changedFile() ?? accumulated
        let gathered = setup.placed.traffic - traffic
        let (reduceBegin, reduceBytesBegin) = (reducer.traffic.seconds, reducer.traffic.bytesSent)
        let vote = failure != nil ? 2 : StopSignal.isRequested ? 1 : 0
        let reduced = try reducer.finish(into: setup.parameters.gradients.pointer, vote: vote)
        if reduced.highestVote == 2 {
            try communicator.agree("train step \(step + 1)") { if let failure { throw failure } }
        }
        let sums = StepSums(scalars: reduced.scalars)
        guard sums.weight > 0 else { throw TrainingError.nothingSupervised(step: step + 1) }
        let learningRate = setup.learningRate(step: step)
        let (gradientNorm, penalty) = try update(sums, learningRate: learningRate)
        step += 1
        let seconds = (clock.now - begin) / .seconds(1)
        let validationLoss = try validator.flatMap { validator in
            try isValidationDue ? validator.meanLoss() : nil
        }
        let knot = try knots?.afterStep(step, validationLoss: validationLoss)
        try recorder.record(
            MetricsLine(
                step: step, loss: sums.loss / sums.weight, tokens: Int(sums.tokens),
                supervisedTokens: Int(sums.supervised), learningRate: learningRate, gradientNorm: gradientNorm,
                tokensPerSecond: sums.tokens / seconds, seconds: seconds,
                gatherSeconds: gathered.waitedSeconds, reduceSeconds: reducer.traffic.seconds - reduceBegin,
                gatherBytes: gathered.bytesReceived, reduceBytes: reducer.traffic.bytesSent - reduceBytesBegin,
                residentBytes: ResidentMemory.currentBytes, validationLoss: validationLoss, knot: knot,
                penalty: penalty))
        return reduced.highestVote == 1
    }

    private func changedFile() -> (any Error)? {
        do {
            try setup.requireUnchangedFiles()
            return nil
        } catch {
            return error
        }
    }

    private var isValidationDue: Bool {
        step == setup.totalSteps
            || setup.configuration.training.validationEvery.map { step % $0 == 0 } ?? false
    }

    /// Clips by the global norm of the mean gradient and applies it; returns the norm before clipping, and the penalty.
    private func update(_ sums: StepSums, learningRate: Double) throws -> (norm: Double, penalty: Double?) {
        let parameters = setup.parameters
        let rule = setup.model.attached?.rule
        // Gradients are sums here, so what is added to their mean is added times the weight.
        var penalty = rule.flatMap {
            $0.penaltyFollowsClipping ? nil : $0.addPenalty(to: parameters, scale: sums.weight)
        }
        let squares = Kernels.sumOfSquares(
            setup.engine.threads, x: parameters.gradients.pointer, count: parameters.count)
        let norm = squares.squareRoot() / sums.weight
        guard norm.isFinite else {
            throw TrainingError.notFinite(
                step: step + 1, processRank: communicator.rank, microBatch: 0, tensor: "the gradient norm")
        }
        var scale = 1 / sums.weight
        if let clip = setup.configuration.training.gradientClip, norm > clip { scale *= clip / norm }
        if let rule, rule.penaltyFollowsClipping { penalty = rule.addPenalty(to: parameters, scale: 1 / scale) }
        rule?.beforeUpdate(parameters, gradientScale: scale, step: step + 1)
        setup.optimizer.step(learningRate: learningRate, gradientScale: scale)
        rule?.afterUpdate(parameters, gradientScale: scale, step: step + 1)
        return (norm, penalty)
    }
}
