import Glibc

/// Writes that are on the disk when the call returns, with the failing file named.
enum DurableFile {
    /// Creates `path` with `bytes` and flushes it to the disk.
    static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, "open") }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error =
                    count < 0
                    ? failure(path, "write at byte \(written) of \(bytes.count)")
                    : CheckpointError.cannotWrite(
                        path: path, operation: "write", reason: "only \(written) of \(bytes.count) bytes were taken")
                close(descriptor)
                throw error
            }
            written += count
        }
        guard fsync(descriptor) == 0 else {
            let error = failure(path, "fsync")
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw failure(path, "close") }
    }

    /// Flushes a folder's list of names to the disk.
    static func flushFolder(_ path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "open") }
        defer { close(descriptor) }
        // Some network file systems cannot flush folders and say EINVAL; there is nothing more to do on them.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(path, "fsync") }
    }

    static func rename(_ path: String, to newPath: String) throws(CheckpointError) {
        guard Glibc.rename(path, newPath) == 0 else { throw failure(newPath, "rename") }
    }

    /// The whole file.
    static func read(_ path: String) throws(CheckpointError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotRead(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
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

    private static func failure(_ path: String, _ operation: String) -> CheckpointError {
        .cannotWrite(path: path, operation: operation, reason: String(cString: strerror(errno)))
    }
}
