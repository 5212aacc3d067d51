import CatenaFiles
import Foundation
import Glibc

/// The checkpoints of one run: folders `step-00000050` with their files and `manifest.json`.
///
/// A checkpoint appears in one rename, after every byte of it is on the disk; a crash at any point leaves the earlier ones as
/// they were. One process writes; any number may read.
package struct CheckpointStore: Sendable {
    /// Where the `step-…` folders are.
    package let folder: String
    /// How many checkpoints are kept; at least 1.
    package let keepCount: Int
    /// Version of the program, written into manifests.
    package let createdBy: String

    /// A store in `folder`, which is made when the first checkpoint is written.
    package init(folder: String, keepCount: Int = 3, createdBy: String) {
        precondition(keepCount >= 1, "at least one checkpoint is kept")
        self.folder = folder
        self.keepCount = keepCount
        self.createdBy = createdBy
    }

    /// `step-` and the step in at least eight digits.
    package static func folderName(step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The step in a checkpoint folder's name; nil for any other name, `.tmp` ones included.
    package static func step(inFolderName name: String) -> Int? {
        guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0, folderName(step: step) == name
        else { return nil }
        return step
    }

    /// Writes and commits a checkpoint, then removes those beyond `keepCount`.
    ///
    /// A checkpoint of the same step is replaced. Leftovers of broken writes are removed first.
    /// - Throws: `CheckpointError` naming the file; nothing half-written stays and earlier checkpoints are untouched.
    /// - Returns: the path of the checkpoint's folder.
    @discardableResult
    package func write(step: Int, files: [CheckpointFile]) throws(CheckpointError) -> String {
        precondition(step >= 0, "steps are not negative")
        CrashPoint.reached("checkpoint-begin")
        let manifest = try CheckpointManifest(step: step, createdBy: createdBy, files: files)
        try requireParent()
        try makeFolder(folder)
        removeLeftovers()
        let target = path(Self.folderName(step: step))
        let temporary = target + ".tmp"
        do throws(CheckpointError) {
            try makeFolder(temporary)
            for file in files {
                try write(file.bytes, to: temporary + "/" + file.name)
                CrashPoint.reached("checkpoint-file")
            }
            try write(try manifest.encoded(), to: temporary + "/" + CheckpointManifest.fileName)
            CrashPoint.reached("checkpoint-manifest")
            CrashPoint.reached("checkpoint-before-rename")
            try commit(temporary, as: target)
        } catch {
            remove(temporary)
            throw error
        }
        CrashPoint.reached("checkpoint-after-rename")
        applyRetention(justWritten: step)
        return target
    }

    /// Steps that have a folder, valid or not, newest first.
    package func steps() -> [Int] {
        names().compactMap(Self.step(inFolderName:)).sorted(by: >)
    }

    /// The path of a step's folder.
    package func path(step: Int) -> String { path(Self.folderName(step: step)) }

    private func path(_ name: String) -> String { folder + "/" + name }

    private func names() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// Whoever removed the run's folder in mid-run must hear of it, and not find a new one with a lone checkpoint.
    private func requireParent() throws(CheckpointError) {
        let parent = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard folder.contains("/"), !parent.isEmpty, !FileManager.default.fileExists(atPath: parent) else { return }
        throw .cannotWrite(path: folder, operation: "create folder", reason: "\(parent) is not there, was it removed?")
    }

    private func makeFolder(_ path: String) throws(CheckpointError) {
        try durably { () throws(FileError) in try DurableFolder.create(path) }
    }

    private func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        try durably { () throws(FileError) in try DurableFile.write(bytes, to: path, bypassingCache: true) }
    }

    private func synchronise(_ folder: String) throws(CheckpointError) {
        try durably { () throws(FileError) in try DurableFolder.synchronise(folder) }
    }

    private func durably(_ body: () throws(FileError) -> Void) throws(CheckpointError) {
        do {
            try body()
        } catch {
            throw CheckpointError(error)
        }
    }

    private func rename(_ path: String, to newPath: String) throws(CheckpointError) {
        guard unsafe Glibc.rename(path, newPath) == 0 else {
            throw unsafe .cannotWrite(path: newPath, operation: "rename", reason: String(cString: strerror(errno)))
        }
    }

    private func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func removeLeftovers() {
        restoreReplaced()
        for name in names() where name.hasPrefix("step-") && name.hasSuffix(".tmp") {
            remove(path(name))
        }
    }

    /// Brings back a checkpoint whose replacement was cut off between two renames.
    func restoreReplaced() {
        for name in names() where name.hasSuffix(Self.replacedSuffix) {
            let original = path(String(name.dropLast(Self.replacedSuffix.count)))
            guard !FileManager.default.fileExists(atPath: original) else { continue }
            try? rename(path(name), to: original)
        }
    }

    private static let replacedSuffix = ".replaced.tmp"

    /// Gives the complete folder its final name. An older folder of the same step is set aside first, from where
    /// `restoreReplaced` brings it back if a crash comes between the two renames.
    private func commit(_ temporary: String, as target: String) throws(CheckpointError) {
        guard FileManager.default.fileExists(atPath: target) else {
            try rename(temporary, to: target)
            return try synchronise(folder)
        }
        let aside = target + Self.replacedSuffix
        try rename(target, to: aside)
        CrashPoint.reached("checkpoint-replace")
        do {
            try rename(temporary, to: target)
        } catch {
            restoreReplaced()
            throw error
        }
        try synchronise(folder)
        remove(aside)
    }

    /// Keeps the one just written and the newest others whose manifest and sizes are right; removes all that are older.
    private func applyRetention(justWritten: Int) {
        var kept = 1
        for step in steps() where step != justWritten {
            if kept < keepCount {
                if (try? CheckpointReader.checkSizes(in: path(step: step))) != nil { kept += 1 }
                continue
            }
            // A rename first: a crash during the removal must not leave a folder that looks like a checkpoint.
            let doomed = path(step: step) + ".removed.tmp"
            guard (try? rename(path(step: step), to: doomed)) != nil else { continue }
            CrashPoint.reached("checkpoint-retention")
            remove(doomed)
        }
    }
}
