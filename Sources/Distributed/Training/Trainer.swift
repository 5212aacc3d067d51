public import CatenaLearning
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

    let configuration: RunConfiguration
    let base: RunModel
    let files: FilesInUse
    let trained: Trained
    let communicator: any Communicator
    let validator: Validator?
    private let course: RunCourse
    private let trainStep: Step
    private let recorder: RunRecorder
    private let checkpointing: Checkpointing
    private(set) var step: Int

    /// Collective: builds the run and resumes it if asked to. Every process builds its own; a failure on one is thrown on all.
    ///
    /// - Parameter report: receives what happens, on process 0 only.
    public init(
        _ configuration: RunConfiguration, communicator: any Communicator, start: Start = .fresh,
        report: @escaping (TrainerEvent) -> Void
    ) throws {
        (self.configuration, self.communicator) = (configuration, communicator)
        let report = communicator.isRoot ? report : { _ in }
        try communicator.requireSame(configuration)
        let lock = FolderLock(folder: configuration.output)
        let resume = try ResumePoint.find(
            configuration, start: start, lock: lock, communicator: communicator, report: report)
        try communicator.agree("compare the configuration with the checkpoint's") {
            if let resume { try TrainingState.requireSameConfiguration(configuration, as: resume) }
        }
        base = try RunModel(configuration, communicator: communicator)
        let model = base.model
        trained = try Trained(configuration, base: base, isResuming: resume != nil, communicator: communicator)
        let prepare = { [trained] totalSteps in
            let course = try RunCourse(
                configuration, totalSteps: totalSteps, model: model, worldSize: communicator.size)
            try communicator.agree("prepare the adapter's rule") { try trained.prepareRule(course) }
            return course
        }
        // A length in epochs is not known before the data.
        var early: RunCourse?
        if case .steps(let count) = configuration.training.length { early = try prepare(count) }
        // Last, because it is the first thing that writes: a run that cannot start leaves nothing behind.
        let data = try RunData(configuration, base: base, communicator: communicator)
        course = try early ?? prepare(data.totalSteps)
        files = FilesInUse(base, data)
        if resume == nil { try trained.initialiseFromGradients(step: 0, data: data) }
        let state = TrainingState(
            configuration: configuration, base: base, data: data, trained: trained, course: course)
        step = try communicator.agree("restore the checkpoint") {
            try resume.map { try state.restore(from: $0) } ?? 0
        }
        let alarm = DivergenceAlarm(configuration.distributed, trained: trained, communicator: communicator)
        try alarm.requireEqualState(step: step)
        if let resume {
            report(.note("RESUMED step \(step) from \(resume.path)"))
            if let note = try course.noteOfOtherLength(than: resume, plan: data.plan, step: step) {
                report(.note(note))
            }
        }
        let reducer = GradientReducer(
            communicator: communicator, parameterCount: trained.parameters.count,
            scalarCount: StepSums.scalarCount(base.task.objective),
            mode: configuration.distributed.reduction == .fast ? .fast : .reproducible)
        validator = try data.validation.map { [base] in
            try Validator(
                $0, model: model, objective: base.task.measured, configuration: configuration,
                communicator: communicator)
        }
        let knots = KnotTying(
            configuration, base: base, data: data, trained: trained, course: course, reducer: reducer,
            communicator: communicator, report: report)
        recorder = try RunRecorder(
            configuration, base: base, data: data, trained: trained, course: course, lock: lock,
            resumedStep: resume == nil ? nil : step, communicator: communicator, report: report)
        checkpointing = Checkpointing(
            state, folder: recorder.folder, alarm: alarm, communicator: communicator, report: report)
        let clamp: [any TrainingHook] =
            configuration.training.hasNonNegativeClassifier ? [NonNegativeClassifier(model)] : []
        let around: [any TrainingHook] =
            [AdapterRuleHook(model), RunningStatisticsHook(model)] + clamp + (knots.map { [$0] } ?? [])
        trainStep = Step(
            configuration, base: base, data: data, trained: trained, course: course, reducer: reducer,
            validator: validator, hooks: around + [recorder, BitFlip(trained), alarm, checkpointing],
            communicator: communicator)
        recorder.started(step: step)
    }

    /// Collective: trains until all steps are done or a signal asks to stop.
    ///
    /// When it throws, a checkpoint that was handed to the writer before is still completed.
    public func run() throws -> Outcome {
        do {
            return try trainToEnd()
        } catch {
            try? close()
            throw error
        }
    }

    private func trainToEnd() throws -> Outcome {
        // A signal may have come while the model and the data were made ready.
        if step < course.totalSteps, try communicator.isStopRequested() {
            try close()
            return .stoppedBeforeTraining(signal: StopSignal.name ?? Self.otherProcessSignal, step: step)
        }
        while step < course.totalSteps {
            let stopRequested = try trainStep.run(after: step)
            step += 1
            if stopRequested {
                try close()
                return .stopped(signal: StopSignal.name ?? Self.otherProcessSignal, step: step)
            }
        }
        try checkpointing.finish(step: step)
        try checkpointing.drain()
        try recorder.finish()
        try communicator.barrier(sleeping: true)
        return .finished
    }

    /// Waits until everything is on disk.
    private func close() throws {
        try checkpointing.drain()
        try recorder.close()
    }

    private static let otherProcessSignal = "a signal of another process"
}
