import CatenaLearning
import Foundation

/// Finds the checkpoint a run continues from and gives its bytes to every process.
enum ResumePoint {
    /// Collective: process 0 reads the file system and sends what it found, so the other machines need not
    /// see its disk.
    ///
    /// - Parameter lock: the output's, taken here if the folder is there.
    /// - Throws: ``TrainingError/outputInUse(path:)``, ``TrainingError/outputLocked(path:holder:)`` and ``TrainingError/nothingToResume(path:)``.
    static func find(
        _ configuration: RunConfiguration, start: Trainer.Start, lock: FolderLock, communicator: any Communicator,
        report: (TrainerEvent) -> Void
    ) throws -> LoadedCheckpoint? {
        let folder = RunFolder(configuration.output)
        let found: LoadedCheckpoint? = try communicator.agree("find the checkpoint") {
            guard communicator.isRoot else { return nil }
            try folder.requireWritable()
            try lock.takeIfPresent()
            switch start {
            case .fresh:
                if folder.isInUse { throw TrainingError.outputInUse(path: folder.path) }
                return nil
            case .automatic:
                return try newest(in: folder.checkpoints, keep: configuration.checkpoint.keep, report: report)
            case .checkpoint(let path):
                return try named(path, keep: configuration.checkpoint.keep, report: report)
            }
        }
        return try communicator.broadcast(found)
    }

    private static func newest(
        in folder: String, keep: Int, report: (TrainerEvent) -> Void
    ) throws -> LoadedCheckpoint? {
        let store = CheckpointStore(folder: folder, keepCount: keep, createdBy: CatenaVersion.current)
        let (checkpoint, skipped) = store.newestValid()
        // An older checkpoint than one that a newer program wrote would take the run back without need.
        for entry in skipped { if case .newerFormat = entry.reason { throw entry.reason } }
        if checkpoint == nil, let first = skipped.first {
            throw TrainingError.allDamaged(folder: folder, newest: first.reason.description)
        }
        for entry in skipped {
            report(.note("skipped the checkpoint of step \(entry.step): \(entry.reason)"))
        }
        if checkpoint == nil { report(.note("no checkpoint to resume from in \(folder): a new run begins")) }
        return checkpoint
    }

    private static func named(
        _ path: String, keep: Int, report: (TrainerEvent) -> Void
    ) throws -> LoadedCheckpoint {
        let manager = FileManager.default
        if manager.fileExists(atPath: path + "/" + CheckpointManifest.fileName) {
            return try CheckpointReader.load(path)
        }
        let nested = path + "/checkpoints"
        guard manager.fileExists(atPath: path),
            let checkpoint = try newest(
                in: manager.fileExists(atPath: nested) ? nested : path, keep: keep, report: report)
        else { throw TrainingError.nothingToResume(path: path) }
        return checkpoint
    }
}

extension Communicator {
    /// Sends process 0's checkpoint to all.
    fileprivate func broadcast(_ checkpoint: LoadedCheckpoint?) throws -> LoadedCheckpoint? {
        guard size > 1 else { return checkpoint }
        let path = try broadcast(checkpoint?.path ?? "")
        guard !path.isEmpty else { return nil }
        let manifest = try broadcast(checkpoint.map { try $0.manifest.encoded() } ?? [])
        let decoded = try CheckpointManifest(decoding: manifest, path: path)
        var files: [CheckpointFile] = []
        for (index, entry) in decoded.files.enumerated() {
            let bytes = try broadcast(checkpoint?.files[index].bytes ?? [])
            files.append(CheckpointFile(name: entry.name, bytes: bytes))
        }
        return LoadedCheckpoint(path: path, manifest: decoded, files: files)
    }
}
