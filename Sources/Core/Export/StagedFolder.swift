import Foundation

/// A folder whose files appear only when all of them are written.
///
/// Files are written into a hidden folder beside `path`; ``commit()`` moves them to their place. Dropping the
/// value without it removes them.
public struct StagedFolder: ~Copyable {
    /// The final folder.
    public let path: String
    /// Where to write the files.
    public let stagingPath: String

    /// Makes the hidden folder.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)`` if `path` is a file or its parent cannot be written.
    public init(path: String) throws(FileError) {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: trimmed, isDirectory: &isFolder), !isFolder.boolValue {
            throw .unwritable(path: trimmed, reason: "it is a file, expected a folder or a name that is free")
        }
        let url = URL(fileURLWithPath: trimmed)
        let staging = url.deletingLastPathComponent().path + "/." + url.lastPathComponent + ".partial"
        do {
            try? FileManager.default.removeItem(atPath: staging)
            try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: trimmed, reason: Self.reason(error))
        }
        self.path = trimmed
        stagingPath = staging
    }

    deinit {
        try? FileManager.default.removeItem(atPath: stagingPath)
    }

    /// Moves all files to the final folder, over files of the same names there.
    public consuming func commit() throws(FileError) {
        let manager = FileManager.default
        do {
            if !manager.fileExists(atPath: path) {
                try manager.moveItem(atPath: stagingPath, toPath: path)
            } else {
                for name in try manager.contentsOfDirectory(atPath: stagingPath).sorted() {
                    guard rename(stagingPath + "/" + name, path + "/" + name) == 0 else {
                        throw FileError.unwritable(path: path + "/" + name, reason: String(cString: strerror(errno)))
                    }
                }
            }
        } catch let error as FileError {
            throw error
        } catch {
            throw .unwritable(path: path, reason: Self.reason(error))
        }
        try DurableFile.synchroniseFolder(path)
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        guard let underlying, underlying.domain == NSPOSIXErrorDomain else { return "the folder cannot be made there" }
        return String(cString: strerror(Int32(underlying.code)))
    }
}
