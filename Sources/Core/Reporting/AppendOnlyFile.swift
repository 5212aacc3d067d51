import Foundation

/// A file that grows by whole records; each append reaches the operating system before it returns.
///
/// Not for use by several threads at once.
final class AppendOnlyFile {
    let path: String
    private var descriptor: CInt

    /// Creates the file, or empties it (`keepingContents` false), or continues at its end.
    init(path: String, keepingContents: Bool) throws(ReportingError) {
        self.path = path
        descriptor = open(
            path, O_WRONLY | O_CREAT | O_CLOEXEC | (keepingContents ? O_APPEND : O_TRUNC), 0o644)
        if descriptor < 0 { throw .cannotOpen(path: path, reason: Self.lastError) }
    }

    deinit {
        if descriptor >= 0 { Foundation.close(descriptor) }
    }

    /// - Throws: `ReportingError.cannotWrite`, for example when the disk is full.
    func append(_ bytes: [UInt8]) throws(ReportingError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path: path, reason: Self.lastError) }
            written += count
        }
    }

    /// Further appends fail.
    func close() throws(ReportingError) {
        guard descriptor >= 0 else { return }
        let result = Foundation.close(descriptor)
        descriptor = -1
        if result != 0 { throw .cannotWrite(path: path, reason: Self.lastError) }
    }

    static var lastError: String { String(cString: strerror(errno)) }
}
