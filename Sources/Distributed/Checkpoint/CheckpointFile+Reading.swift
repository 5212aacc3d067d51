import CatenaFiles
import Glibc

extension CheckpointFile {
    /// The size of the file at `path`, links followed.
    ///
    /// - Throws: `.damaged` if there is none or if it is no file, `.cannotRead` if it may not be read.
    static func byteCount(at path: String) throws(CheckpointError) -> Int {
        do throws(FileError) {
            return try InputFile(path: path).identity.byteCount
        } catch .missing {
            throw .damaged(path: path, reason: "the file is missing")
        } catch {
            throw CheckpointError(reading: error, path)
        }
    }

    /// The whole file.
    ///
    /// - Parameter limit: the most bytes that it may have; the memory follows the file's own size, not what another file claims.
    static func read(_ path: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        do throws(FileError) {
            return try InputFile.contents(
                of: path, limit: SizeLimit(subject: "this file of a checkpoint", byteCount: limit))
        } catch {
            throw CheckpointError(reading: error, path)
        }
    }
}

extension CheckpointError {
    fileprivate init(reading error: FileError, _ path: String) {
        var status = stat()
        if unsafe stat(path, &status) == 0, let kind = InputFile.kind(status.st_mode) {
            self = .damaged(path: path, reason: kind)
            return
        }
        switch error {
        case .missing: self = .cannotRead(path: path, reason: "No such file or directory")
        case .unreadable(_, let reason): self = .cannotRead(path: path, reason: reason)
        default: self = .cannotRead(path: path, reason: error.description)
        }
    }

    /// A file of a checkpoint that could not be written.
    init(_ error: FileError) {
        switch error {
        case .diskFull(let path, let writtenBytes, let reason):
            self = .cannotWrite(path: path, operation: "write at byte \(writtenBytes)", reason: reason)
        case .shortWrite(let path, let writtenBytes, let expectedBytes):
            self = .cannotWrite(
                path: path, operation: "write at byte \(writtenBytes)",
                reason: "only \(writtenBytes) of \(expectedBytes) bytes were taken")
        case .unwritable(let path, let reason):
            self = .cannotWrite(path: path, operation: "write", reason: reason)
        default:
            self = .cannotWrite(path: "checkpoint", operation: "write", reason: error.description)
        }
    }
}
