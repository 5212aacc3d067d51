import CatenaCore
import CatenaEngine
import CatenaFiles
import Foundation

/// Keeps the run folder: configuration, metrics, checkpoints, the final result. Only process 0 writes.
final class RunRecorder {
    private let setup: TrainingSetup
    private let folder: RunFolder
    /// Held until the run is over.
    private let lock: FolderLock
    private let report: (TrainerEvent) -> Void
    private let metrics: MetricsWriter?
    private let tensorBoard: TensorBoardWriter?
    private let checkpoints: BackgroundCheckpointWriter?
    private let started = ContinuousClock.now

    /// Collective: opens the files; `resumedStep` is the last step of a run that goes on.
    init(
        setup: TrainingSetup, lock: FolderLock, resumedStep: Int?, report: @escaping (TrainerEvent) -> Void
    ) throws {
        self.setup = setup
        self.lock = lock
        self.report = report
        let (configuration, folder) = (setup.configuration, RunFolder(setup.configuration.output))
        self.folder = folder
        guard setup.communicator.isRoot else {
            (metrics, tensorBoard, checkpoints) = (nil, nil, nil)
            try setup.communicator.agree("open the run folder") {}
            return
        }
        (metrics, tensorBoard) = try setup.communicator.agree("open the run folder") {
            try folder.create()
            if !lock.isHeld {
                try lock.take()
                // Made by another job while this one was getting ready.
                if folder.isInUse { throw TrainingError.outputInUse(path: folder.path) }
            }
            try DurableFile.write(Array(configuration.resolvedYAML.utf8), to: folder.configuration)
            return (
                try MetricsWriter.open(path: folder.metrics, resumingAfter: resumedStep),
                configuration.log.tensorboard
                    ? try TensorBoardWriter(folder: folder.path, resumingAfter: resumedStep) : nil
            )
        }
        if let note = lock.note { report(.note(note)) }
        CrashPoint.reached("run-folder")
        checkpoints = BackgroundCheckpointWriter(
            store: CheckpointStore(
                folder: folder.checkpoints, keepCount: configuration.checkpoint.keep,
                createdBy: CatenaVersion.current))
    }

    /// Tells the facts of the run.
    func started(step: Int) {
        report(.note(setup.placed.explanation))
        for note in setup.model.notes { report(.note(note)) }
        for note in setup.training.notes { report(.note(note)) }
        for note in setup.validation?.notes ?? [] where !setup.training.notes.contains(note) {
            report(.note("validation: " + note))
        }
        report(
            .started(
                RunSummary(
                    totalSteps: setup.totalSteps, parameterCount: setup.parameters.count,
                    worldSize: setup.communicator.size, hostCount: setup.communicator.hostCount,
                    threads: setup.engine.threads.threads,
                    globalBatch: setup.configuration.training.globalBatch(worldSize: setup.communicator.size),
                    data: setup.training.statistics),
                completedSteps: step))
    }

    /// Writes a step's metrics.
    func record(_ line: MetricsLine) throws {
        CrashPoint.reached("metrics-line", number: line.step)
        try metrics?.append(line)
        try tensorBoard?.append(line)
        report(.step(line))
    }

    /// Whether the configuration wants a checkpoint after `step` steps; a new link is always saved at once.
    func isCheckpointDue(step: Int) -> Bool {
        guard let every = setup.configuration.checkpoint.every else { return false }
        return step % every == 0 || setup.chain?.knots.last == step
    }

    /// Hands the state to the writing thread.
    func checkpoint(step: Int) throws {
        guard let checkpoints else { return }
        var memory = checkpoints.reclaim()
        try checkpoints.submit(
            step: step, files: try TrainingState(setup: setup).files(step: step, reusing: &memory))
        report(.checkpoint(step: step))
    }

    /// Waits until everything is on disk.
    func close() throws {
        try checkpoints?.drain()
        try metrics?.close()
        try tensorBoard?.close()
    }

    /// Writes the last checkpoint, the result and the report.
    func finish(step: Int) throws {
        guard setup.communicator.isRoot else { return }
        if setup.configuration.checkpoint.every != nil, !isCheckpointDue(step: step) { try checkpoint(step: step) }
        try close()
        CrashPoint.reached("result-begin")
        let result = try writeResult()
        CrashPoint.reached("result-end")
        if setup.configuration.log.report { try writeReport() }
        report(.finished(result: result))
    }

    private func writeResult() throws -> String {
        guard let adapter = try setup.adapterFiles() else {
            for note in try MergedModel.write(setup.model, source: setup.configuration.model, to: folder.model) {
                report(.note(note))
            }
            return folder.model
        }
        try adapter.write(
            to: folder.adapter, origin: AdapterOrigin(baseFingerprint: setup.baseFingerprint),
            of: setup.chain == nil ? setup.model.attached : nil)
        return folder.adapter
    }

    private func writeReport() throws {
        let minutes = (ContinuousClock.now - started) / .seconds(60)
        try RunReport(
            title: folder.path, configurationYAML: setup.configuration.resolvedYAML,
            lines: try MetricsLine.read(path: folder.metrics), lossUnit: setup.objective.lossUnit,
            facts: [
                .init("trainable parameters", String(setup.parameters.count)),
                .init("processes", String(setup.communicator.size)),
                .init("threads per process", String(setup.engine.threads.threads)),
                .init("minutes", String(format: "%.1f", minutes)),
                .init(
                    "peak memory of process 0",
                    String(format: "%.2f GB", Double(ResidentMemory.peakBytes) / 1e9)),
            ]
        ).write(to: folder.report)
    }
}
