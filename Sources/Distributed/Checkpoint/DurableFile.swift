import CatenaCore
import Glibc

/// Writes that are on the disk when the call returns, with the failing file named.
enum DurableFile {
    /// Creates `path` with `bytes` and flushes it to the disk.
    static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, "open") }
        var written = writeUncached(bytes, to: descriptor)
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

    /// Writes the whole blocks of large files past the page cache, which would cost a copy into fresh pages while the
    /// cores are wanted for training; returns how many bytes that were. Where the file system cannot do it, or an error
    /// comes up, the caller goes on from there in the usual way.
    private static func writeUncached(_ bytes: [UInt8], to descriptor: Int32) -> Int {
        guard bytes.count >= uncachedPiece, fcntl(descriptor, F_SETFL, directFlag) == 0 else { return 0 }
        defer { _ = fcntl(descriptor, F_SETFL, 0) }
        var buffer: UnsafeMutableRawPointer?
        guard posix_memalign(&buffer, blockSize, uncachedPiece) == 0, let buffer else { return 0 }
        defer { free(buffer) }
        var written = 0
        while true {
            let size = min(uncachedPiece, (bytes.count - written) / blockSize * blockSize)
            guard size > 0 else { return written }
            bytes.withUnsafeBytes {
                if let first = $0.baseAddress { buffer.copyMemory(from: first + written, byteCount: size) }
            }
            let count = Glibc.write(descriptor, buffer, size)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return written }
            written += count
            guard count % blockSize == 0 else { return written }
        }
    }

    /// What memory, place and length of uncached writes are multiples of on every common disk.
    private static let blockSize = 4096
    private static let uncachedPiece = 1 << 20
    /// Linux's `O_DIRECT`, which its headers hide from Swift.
    #if arch(arm64)
        private static let directFlag: Int32 = 0o200000
    #else
        private static let directFlag: Int32 = 0o40000
    #endif

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
        do throws(FileError) {
            return try InputFile.contents(of: path, limit: .none)
        } catch .unreadable(_, let reason) {
            throw .cannotRead(path: path, reason: reason)
        } catch {
            throw .cannotRead(path: path, reason: "\(error)")
        }
    }

    private static func failure(_ path: String, _ operation: String) -> CheckpointError {
        .cannotWrite(path: path, operation: operation, reason: String(cString: strerror(errno)))
    }
}
