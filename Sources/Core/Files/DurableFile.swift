import Glibc

/// A file that appears complete or not at all.
///
/// Bytes go to a temporary file of an unpredictable name beside `path`, which is made anew and never through a link, are
/// synchronised to disk, and the temporary file is then renamed over `path` and the folder synchronised. After any failure the
/// temporary file is gone and an earlier file of that name is unchanged; one that a killed process left goes at the next write.
/// Several processes may write the same path at the same time; the last to commit stays.
package struct DurableFile: ~Copyable {
    /// The file's final name.
    package let path: String
    private let temporaryPath: String
    let descriptor: CInt
    var writtenBytes = 0
    private var isCommitted = false

    /// Opens the temporary file.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)`` if the folder is absent or not writable, or `path` is a folder, a link, a
    ///   device or anything else than a file.
    package init(path: String) throws(FileError) {
        let what: String? =
            switch DurableFolder.kind(path) {
            case nil, S_IFREG?: nil
            case S_IFDIR?: "it is a folder"
            case S_IFLNK?: "it is a link, and nothing is written through links; remove it or name its target"
            case S_IFIFO?: "it is a named pipe, expected a file or a name that is free"
            default: "it is a device or a socket, expected a file or a name that is free"
            }
        if let what { throw .unwritable(path: path, reason: what) }
        TemporaryName.removeAbandoned(of: path, suffix: Self.suffix) { unsafe unlink($0) }
        for _ in 0..<8 {
            let name = TemporaryName.make(for: path, suffix: Self.suffix)
            let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                if errno == EEXIST { continue }
                throw Self.failure(errno, path: path, writtenBytes: 0)
            }
            guard TemporaryName.claim(name, descriptor) else {
                close(descriptor)
                continue
            }
            (self.path, temporaryPath, self.descriptor) = (path, name, descriptor)
            return
        }
        throw .unwritable(path: path, reason: "no temporary file can be kept beside it")
    }

    private static let suffix = ".tmp"

    deinit {
        if !isCommitted { unsafe unlink(temporaryPath) }
        close(descriptor)
    }

    /// Appends bytes.
    ///
    /// - Throws: ``FileError/diskFull(path:writtenBytes:reason:)``,
    ///   ``FileError/shortWrite(path:writtenBytes:expectedBytes:)`` or
    ///   ``FileError/unwritable(path:reason:)``. Dropping the value then removes what was written.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let remaining = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = unsafe Glibc.write(descriptor, remaining.baseAddress, min(remaining.count, 1 << 30))
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(errno, path: path, writtenBytes: writtenBytes)
            }
            guard count > 0 else {
                throw .shortWrite(
                    path: path, writtenBytes: writtenBytes,
                    expectedBytes: writtenBytes + remaining.count)
            }
            done += count
            writtenBytes += count
        }
    }

    /// Appends bytes; see ``append(_:)-(UnsafeRawBufferPointer)``.
    package mutating func append(_ bytes: [UInt8]) throws(FileError) {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in unsafe try append(buffer) }
        }
        try result.get()
    }

    /// Makes the file durable and gives it its name.
    public consuming func commit() throws(FileError) {
        guard fsync(descriptor) == 0, unsafe rename(temporaryPath, path) == 0 else {
            throw Self.failure(errno, path: path, writtenBytes: writtenBytes)
        }
        isCommitted = true
        try DurableFolder.synchronise(FilePath.split(path).folder)
    }

    /// Writes a whole file durably.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(FileError) {
        var file = try DurableFile(path: path)
        unsafe try file.append(bytes)
        try file.commit()
    }

    /// Writes a whole file durably.
    ///
    /// - Parameter bypassingCache: whether large contents go past the page cache, see ``appendUncached(_:)``.
    package static func write(_ bytes: [UInt8], to path: String, bypassingCache: Bool = false) throws(FileError) {
        var file = try DurableFile(path: path)
        let written = unsafe bypassingCache ? bytes.withUnsafeBytes { unsafe file.appendUncached($0) } : 0
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in
                unsafe try file.append(UnsafeRawBufferPointer(rebasing: buffer[written...]))
            }
        }
        try result.get()
        try file.commit()
    }

    private static func failure(_ code: CInt, path: String, writtenBytes: Int) -> FileError {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            .diskFull(path: path, writtenBytes: writtenBytes, reason: systemErrorText(code))
        case ENOENT:
            .unwritable(path: path, reason: "the folder \(FilePath.split(path).folder) does not exist")
        default:
            .unwritable(path: path, reason: systemErrorText(code))
        }
    }
}
