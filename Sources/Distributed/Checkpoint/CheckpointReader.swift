import Crypto
import CatenaFiles
import Foundation

/// A checkpoint whose every byte was checked against its manifest.
package struct LoadedCheckpoint: Equatable, Sendable {
    /// The checkpoint's folder.
    package let path: String
    /// What the folder says of itself.
    package let manifest: CheckpointManifest
    /// The files' content, checked.
    package let files: [CheckpointFile]

    /// The bytes of a file.
    ///
    /// - Throws: `CheckpointError.damaged` when the checkpoint has no such file.
    package func bytes(of name: String) throws(CheckpointError) -> [UInt8] {
        guard let file = files.first(where: { $0.name == name }) else {
            throw .damaged(path: path + "/" + name, reason: "the checkpoint has no such file")
        }
        return file.bytes
    }
}

/// A checkpoint that was passed over.
package struct SkippedCheckpoint: Equatable, Sendable {
    /// The step in the folder's name.
    package let step: Int
    /// What is wrong with it.
    package let reason: CheckpointError
}

/// Reads checkpoint folders.
package enum CheckpointReader {
    /// Reads a checkpoint folder and checks every byte.
    package static func load(_ folder: String) throws(CheckpointError) -> LoadedCheckpoint {
        let manifest = try checkSizes(in: folder)
        var files: [CheckpointFile] = []
        for entry in manifest.files {
            let path = folder + "/" + entry.name
            let bytes = try CheckpointFile.read(path, limit: entry.byteCount)
            let sha256 = SHA256.hexadecimal(of: bytes)
            guard sha256 == entry.sha256 else {
                throw .damaged(path: path, reason: "expected SHA-256 \(entry.sha256), got \(sha256)")
            }
            files.append(CheckpointFile(name: entry.name, bytes: bytes))
        }
        return LoadedCheckpoint(path: folder, manifest: manifest, files: files)
    }

    /// Checks the manifest and the presence and size of every file, without reading the files.
    @discardableResult
    static func checkSizes(in folder: String) throws(CheckpointError) -> CheckpointManifest {
        let path = folder + "/" + CheckpointManifest.fileName
        let manifest = try CheckpointManifest(
            decoding: try CheckpointFile.read(path, limit: CheckpointManifest.largestByteCount), path: path)
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        if let step = CheckpointStore.step(inFolderName: name), step != manifest.step {
            throw .damaged(
                path: path, reason: "the folder's name says step \(step), the manifest step \(manifest.step)")
        }
        for entry in manifest.files {
            let size = try CheckpointFile.byteCount(at: folder + "/" + entry.name)
            guard size == entry.byteCount else {
                throw .damaged(
                    path: folder + "/" + entry.name, reason: "expected \(entry.byteCount) bytes, got \(size)")
            }
        }
        return manifest
    }
}

extension CheckpointStore {
    /// The newest checkpoint of which every byte is right, and the newer ones passed over, newest first.
    package func newestValid() -> (checkpoint: LoadedCheckpoint?, skipped: [SkippedCheckpoint]) {
        restoreReplaced()
        var skipped: [SkippedCheckpoint] = []
        for step in steps() {
            do {
                return (try CheckpointReader.load(path(step: step)), skipped)
            } catch {
                skipped.append(SkippedCheckpoint(step: step, reason: error))
            }
        }
        return (nil, skipped)
    }
}
