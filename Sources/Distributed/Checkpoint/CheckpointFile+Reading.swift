import CatenaCore
import CatenaFiles
import Glibc

extension CheckpointFile {
    /// The size of the regular file at `path`, links followed.
    ///
    /// - Throws: `.damaged` if there is none, `.cannotRead` if the system does not say.
    static func byteCount(at path: String) throws(CheckpointError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT { throw .damaged(path: path, reason: "the file is missing") }
            throw .cannotRead(path: path, reason: String(cString: strerror(code)))
        }
        try requireRegular(status, path)
        return Int(status.st_size)
    }

    /// The whole file.
    ///
    /// - Parameter limit: the most bytes that it may have; the memory follows the file's own size, not what another file claims.
    static func read(_ path: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        // Opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotRead(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
        }
        try requireRegular(status, path)
        guard status.st_size <= limit else {
            throw .damaged(path: path, reason: "expected at most \(limit) bytes, got \(status.st_size)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let total = bytes.count
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + done }, total - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw .cannotRead(
                    path: path,
                    reason: count < 0 ? String(cString: strerror(errno)) : "it ends at byte \(done) of \(total)")
            }
            done += count
        }
        return bytes
    }

    private static func requireRegular(_ status: stat, _ path: String) throws(CheckpointError) {
        guard status.st_mode & S_IFMT != S_IFREG else { return }
        let kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: "a folder"
            case S_IFIFO: "a named pipe"
            default: "a device or a socket"
            }
        throw .damaged(path: path, reason: "expected a file, got \(kind)")
    }
}

extension CheckpointError {
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
