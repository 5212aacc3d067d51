package import CatenaFiles
import Foundation

/// A folder whose files appear only when all of them are written.
///
/// Files are written into a hidden folder of an unpredictable name beside `path`; ``commit()`` moves them to their place.
/// Dropping the value without it removes them; what a killed process left goes the next time.
package struct StagedFolder: ~Copyable {
    /// The final folder.
    package let path: String
    /// Where to write the files.
    package let stagingPath: String
    private let descriptor: CInt

    private static let suffix = ".partial"

    /// Makes the hidden folder.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)`` if `path` is a file or a link, or its parent cannot be written.
    package init(path: String) throws(FileError) {
        let trimmed = FilePath.trimmed(path)
        try Self.requireFree(trimmed)
        try DurableFolder.create(FilePath.split(trimmed).folder)
        TemporaryName.removeAbandoned(of: trimmed, suffix: Self.suffix, hidden: true) {
            try? FileManager.default.removeItem(atPath: $0)
        }
        for _ in 0..<8 {
            let staging = TemporaryName.make(for: trimmed, suffix: Self.suffix, hidden: true)
            guard unsafe mkdir(staging, 0o777) == 0 else {
                if errno == EEXIST { continue }
                throw .unwritable(path: trimmed, reason: systemErrorText(errno))
            }
            let descriptor = unsafe open(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0, TemporaryName.claim(staging, descriptor) else {
                if descriptor >= 0 { close(descriptor) }
                continue
            }
            (self.path, stagingPath, self.descriptor) = (trimmed, staging, descriptor)
            return
        }
        throw .unwritable(path: trimmed, reason: "no temporary folder can be kept beside it")
    }

    /// Finds out before long work whether the folder can be written; leaves nothing behind.
    package static func requireWritable(_ path: String) throws(FileError) {
        try requireFree(FilePath.trimmed(path))
        try DurableFolder.requireCreatable(path)
    }

    private static func requireFree(_ path: String) throws(FileError) {
        switch DurableFolder.kind(path) {
        case nil, S_IFDIR?: break
        case S_IFLNK?:
            throw .unwritable(path: path, reason: "it is a link, and nothing is written through links; name its target")
        default: throw .unwritable(path: path, reason: "it is a file, expected a folder or a name that is free")
        }
    }

    deinit {
        close(descriptor)
        try? FileManager.default.removeItem(atPath: stagingPath)
    }

    /// Moves all files to the final folder, over files of the same names there.
    public consuming func commit() throws(FileError) {
        try DurableFolder.synchronise(stagingPath)
        if DurableFolder.kind(path) == nil {
            try Self.move(stagingPath, to: path)
        } else {
            try Self.requireFree(path)
            try Self.moveContent(of: stagingPath, to: path)
        }
        try DurableFolder.synchronise(FilePath.split(path).folder)
    }

    /// Moves what is in `folder` to the folder `target`, and what is in a folder of it to the folder of that name there.
    private static func moveContent(of folder: String, to target: String) throws(FileError) {
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() {
            let (from, to) = (folder + "/" + name, target + "/" + name)
            if DurableFolder.kind(from) == S_IFDIR, DurableFolder.kind(to) == S_IFDIR {
                try moveContent(of: from, to: to)
            } else {
                try move(from, to: to)
            }
        }
        try DurableFolder.synchronise(target)
    }

    private static func move(_ source: String, to target: String) throws(FileError) {
        guard unsafe rename(source, target) == 0 else {
            throw .unwritable(path: target, reason: systemErrorText(errno))
        }
    }
}
