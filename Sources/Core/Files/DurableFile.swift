import Glibc

/// A file that appears complete or not at all.
///
/// Bytes go to `path` + `.tmp`, are synchronised to disk, and the temporary file is then renamed
/// over `path` and the folder synchronised. After any failure the temporary file is gone and an
/// earlier file of that name is unchanged. Several processes may write the same path at the same time
/// if each names itself as `writer`; the last to commit stays.
public struct DurableFile: ~Copyable {
    /// The file's final name.
    public let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    private var writtenBytes = 0
    private var isCommitted = false

    /// Opens the temporary file.
    ///
    /// - Parameter writer: part of the temporary file's name, to tell this process from others that may
    ///   be writing the same path.
    /// - Throws: ``FileError/unwritable(path:reason:)`` if the folder is absent or not writable,
    ///   or `path` is a folder.
    public init(path: String, writer: String? = nil) throws(FileError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw .unwritable(path: path, reason: "it is a folder")
        }
        let temporaryPath = path + (writer.map { ".\($0)" } ?? "") + ".tmp"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(errno, path: path, writtenBytes: 0) }
        self.path = path
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        if !isCommitted {
            close(descriptor)
            unlink(temporaryPath)
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``FileError/diskFull(path:writtenBytes:reason:)``,
    ///   ``FileError/shortWrite(path:writtenBytes:expectedBytes:)`` or
    ///   ``FileError/unwritable(path:reason:)``. Dropping the value then removes what was written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let remaining = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = Glibc.write(descriptor, remaining.baseAddress, min(remaining.count, 1 << 30))
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
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in try append(buffer) }
        }
        try result.get()
    }

    /// Makes the file durable and gives it its name.
    public consuming func commit() throws(FileError) {
        guard fsync(descriptor) == 0 else {
            throw Self.failure(errno, path: path, writtenBytes: writtenBytes)
        }
        guard rename(temporaryPath, path) == 0 else {
            throw Self.failure(errno, path: path, writtenBytes: writtenBytes)
        }
        isCommitted = true
        close(descriptor)
        try Self.synchroniseFolder(Self.folder(of: path))
    }

    /// Writes a whole file durably.
    public static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(FileError) {
        var file = try DurableFile(path: path)
        try file.append(bytes)
        try file.commit()
    }

    /// Writes a whole file durably.
    public static func write(_ bytes: [UInt8], to path: String, writer: String? = nil) throws(FileError) {
        var file = try DurableFile(path: path, writer: writer)
        try file.append(bytes)
        try file.commit()
    }

    /// Makes the creations, renames and removals in a folder durable.
    public static func synchroniseFolder(_ folder: String) throws(FileError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(errno, path: folder, writtenBytes: 0) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronise a folder and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw failure(errno, path: folder, writtenBytes: 0)
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ code: CInt, path: String, writtenBytes: Int) -> FileError {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            .diskFull(path: path, writtenBytes: writtenBytes, reason: systemErrorText(code))
        case ENOENT:
            .unwritable(path: path, reason: "the folder \(folder(of: path)) does not exist")
        default:
            .unwritable(path: path, reason: systemErrorText(code))
        }
    }
}
