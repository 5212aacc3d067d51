import Foundation

/// A file that grows by whole records; each append reaches the operating system before it returns.
///
/// Not for use by several threads at once.
final class AppendOnlyFile {
    let path: String
    private var descriptor: CInt

    /// How the file begins.
    enum Start {
        /// It must not be there yet.
        case new
        /// What is there goes.
        case empty
        /// What is there stays.
        case atEnd
    }

    /// Opens the file, which is made if it is missing; never through a link, and never waiting for a reader of a named pipe.
    init(path: String, _ start: Start) throws(ReportingError) {
        self.path = path
        let mode =
            switch start {
            case .new: O_EXCL
            case .empty: O_TRUNC
            case .atEnd: O_APPEND
            }
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | mode, 0o644)
        if descriptor < 0 {
            let code = errno
            throw .cannotOpen(
                path: path,
                reason: code == ELOOP
                    ? "it is a link, and nothing is written through links" : String(cString: strerror(code)))
        }
        // A pipe or a terminal that is full has to be waited for.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
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
