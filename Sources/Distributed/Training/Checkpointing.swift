import CatenaEngine
import CatenaLearning
import CatenaModels
import CatenaReporting

/// Saves the state of a run: when it is due, when a signal asks to stop, and in the end. Only process 0 writes.
///
/// What is to be saved must be finite, and the same on all processes.
final class Checkpointing: TrainingHook {
    private let every: Int?
    private let state: TrainingState
    private let alarm: DivergenceAlarm
    private let communicator: any Communicator
    private let report: (TrainerEvent) -> Void
    /// nil on the other processes.
    private let writer: BackgroundCheckpointWriter?

    /// - Parameter folder: the run's, which is there.
    init(
        _ state: TrainingState, folder: RunFolder, alarm: DivergenceAlarm, communicator: any Communicator,
        report: @escaping (TrainerEvent) -> Void
    ) {
        (every, self.state, self.alarm) = (state.configuration.checkpoint.every, state, alarm)
        (self.communicator, self.report) = (communicator, report)
        writer =
            communicator.isRoot
            ? BackgroundCheckpointWriter(
                store: CheckpointStore(
                    folder: folder.checkpoints, keepCount: state.configuration.checkpoint.keep,
                    createdBy: CatenaVersion.current)) : nil
    }

    func stepEnded(_ context: StepContext, _ metrics: MetricsLine) throws {
        guard context.stopRequested || isDue(step: context.step) else { return }
        try requireSoundState(step: context.step)
        try save(step: context.step)
    }

    /// Collective: saves the state after the last step, where the run keeps checkpoints and this one is not yet saved.
    func finish(step: Int) throws {
        try requireSoundState(step: step)
        if every != nil, !isDue(step: step) { try save(step: step) }
    }

    /// Waits until everything is on disk.
    func drain() throws { try writer?.drain() }

    /// Whether the configuration wants a checkpoint after `step` steps; a new link is always saved at once.
    private func isDue(step: Int) -> Bool {
        guard let every else { return false }
        return step % every == 0 || state.course.chain?.knots.last == step
    }

    /// Hands the state to the writing thread.
    private func save(step: Int) throws {
        guard let writer else { return }
        var memory = writer.reclaim()
        try writer.submit(step: step, files: try state.files(step: step, reusing: &memory))
        report(.checkpoint(step: step))
    }

    /// Collective: a run must not go on from values that are not numbers, nor from different ones.
    ///
    /// - Throws: ``TrainingError/stateNotFinite(step:processRank:tensor:)`` or what the alarm throws, on all processes alike.
    private func requireSoundState(step: Int) throws {
        let trained = state.trained
        for (name, values) in trained.state.tensors
        where unsafe Kernels.hasNonFinite(trained.model.engine.threads, x: values.pointer, count: values.count) {
            throw TrainingError.stateNotFinite(step: step, processRank: communicator.rank, tensor: name)
        }
        try alarm.requireEqualState(step: step)
    }
}
