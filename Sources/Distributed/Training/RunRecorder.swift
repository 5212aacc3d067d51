import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaReporting
import Foundation

/// Keeps the run folder: configuration, metrics, the final result. Only process 0 writes.
final class RunRecorder: TrainingHook {
    private let configuration: RunConfiguration
    private let base: RunModel
    private let data: RunData
    private let trained: Trained
    private let course: RunCourse
    private let communicator: any Communicator
    let folder: RunFolder
    /// Held until the run is over.
    private let lock: FolderLock
    private let report: (TrainerEvent) -> Void
    private let metrics: MetricsWriter?
    private let tensorBoard: TensorBoardWriter?
    private let started = ContinuousClock.now

    /// Collective: opens the files; `resumedStep` is the last step of a run that goes on.
    init(
        _ configuration: RunConfiguration, base: RunModel, data: RunData, trained: Trained, course: RunCourse,
        lock: FolderLock, resumedStep: Int?, communicator: any Communicator, report: @escaping (TrainerEvent) -> Void
    ) throws {
        (self.configuration, self.base, self.data) = (configuration, base, data)
        (self.trained, self.course, self.communicator) = (trained, course, communicator)
        (self.lock, self.report) = (lock, report)
        let folder = RunFolder(configuration.output)
        self.folder = folder
        guard communicator.isRoot else {
            (metrics, tensorBoard) = (nil, nil)
            try communicator.agree("open the run folder") {}
            return
        }
        (metrics, tensorBoard) = try communicator.agree("open the run folder") {
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
    }

    /// Tells the facts of the run.
    func started(step: Int) {
        report(.note(base.placed.explanation))
        for note in base.model.notes { report(.note(note)) }
        if let note = configuration.sampleWeightingNote(worldSize: communicator.size) { report(.note(note)) }
        for note in data.training.notes { report(.note(note)) }
        for note in data.validation?.notes ?? [] where !data.training.notes.contains(note) {
            report(.note("validation: " + note))
        }
        report(
            .started(
                RunSummary(
                    totalSteps: course.totalSteps, parameterCount: trained.parameters.trainedCount,
                    worldSize: communicator.size, hostCount: communicator.hostCount,
                    threads: base.engine.threads.threads,
                    globalBatch: configuration.training.globalBatch(worldSize: communicator.size),
                    data: data.training.statistics),
                completedSteps: step))
    }

    /// Writes a step's metrics.
    func stepEnded(_ context: StepContext, _ line: MetricsLine) throws {
        CrashPoint.reached("metrics-line", number: line.step)
        try metrics?.append(line)
        try tensorBoard?.append(line)
        report(.step(line))
        CrashPoint.reached("step-end", number: line.step)
    }

    /// Waits until everything is on disk.
    func close() throws {
        try metrics?.close()
        try tensorBoard?.close()
    }

    /// Writes the result and the report of a run that is done.
    func finish() throws {
        guard communicator.isRoot else { return }
        try close()
        CrashPoint.reached("result-begin")
        let result = try writeResult()
        CrashPoint.reached("result-end")
        if configuration.log.report { try writeReport() }
        report(.finished(result: result))
    }

    private func writeResult() throws -> String {
        guard let adapter = try trained.adapterFiles(chain: course.chain) else {
            for note in try MergedModel.write(base.model, source: configuration.model, to: folder.model) {
                report(.note(note))
            }
            return folder.model
        }
        try adapter.write(
            to: folder.adapter, origin: AdapterOrigin(baseFingerprint: base.fingerprint),
            of: course.chain == nil ? base.model.attached : nil)
        return folder.adapter
    }

    private func writeReport() throws {
        let minutes = (ContinuousClock.now - started) / .seconds(60)
        try RunReport(
            title: folder.path, configurationYAML: configuration.resolvedYAML,
            lines: try MetricsLine.read(path: folder.metrics), lossUnit: base.task.objective.lossUnit,
            facts: [
                .init("trainable parameters", String(trained.parameters.count)),
                .init("processes", String(communicator.size)),
                .init("threads per process", String(base.engine.threads.threads)),
                .init("minutes", String(format: "%.1f", minutes)),
                .init(
                    "peak memory of process 0",
                    String(format: "%.2f GB", Double(ResidentMemory.peakBytes) / 1e9)),
            ]
        ).write(to: folder.report)
    }
}
