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
    private let trainStep: Step
    private let recorder: RunRecorder
    let validator: Validator?
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
        let reducer = GradientReducer(
            communicator: communicator, parameterCount: setup.parameters.count,
            scalarCount: StepSums.scalarCount(setup.objective),
            mode: configuration.distributed.reduction == .fast ? .fast : .reproducible)
        validator = try setup.validation.map {
            try Validator(
                $0, model: setup.model, objective: setup.objective, configuration: configuration,
                communicator: communicator)
        }
        let knots = KnotTying(setup: setup, reducer: reducer, report: report)
        trainStep = Step(
            setup: setup, reducer: reducer, validator: validator,
            hooks: [AdapterRuleHook(setup: setup)] + (knots.map { [$0] } ?? []))
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
            let done = try trainStep.run(after: step)
            step += 1
            try recorder.record(done.metrics)
            CrashPoint.reached("step-end", number: step)
            BitFlip.apply(to: setup.parameters, afterStep: step)
            if done.stopRequested {
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
}
