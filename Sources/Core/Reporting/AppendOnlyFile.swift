import CatenaFiles
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
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | mode, 0o644)
        let reason =
            unsafe errno == ELOOP
            ? "it is a link, and nothing is written through links" : String(cString: strerror(errno))
        var status = stat()
        if unsafe (descriptor < 0 ? lstat(path, &status) : fstat(descriptor, &status)) == 0,
            ![S_IFLNK, S_IFCHR].contains(status.st_mode & S_IFMT), let kind = InputFile.kind(status.st_mode)
        {
            if descriptor >= 0 { Foundation.close(descriptor) }
            throw .cannotOpen(path: path, reason: kind)
        }
        if descriptor < 0 { throw .cannotOpen(path: path, reason: reason) }
    }

    deinit {
        if descriptor >= 0 { Foundation.close(descriptor) }
    }

    /// - Throws: `ReportingError.cannotWrite`, for example when the disk is full, or when the file no longer has its name:
    ///   whoever removed its folder would otherwise never see the rest.
    func append(_ bytes: [UInt8]) throws(ReportingError) {
        try requireNamed()
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path: path, reason: Self.lastError) }
            written += count
        }
    }

    private func requireNamed() throws(ReportingError) {
        var (own, named) = (stat(), stat())
        guard unsafe fstat(descriptor, &own) == 0 else { throw .cannotWrite(path: path, reason: Self.lastError) }
        guard unsafe stat(path, &named) == 0, named.st_dev == own.st_dev, named.st_ino == own.st_ino else {
            throw .cannotWrite(path: path, reason: "it was removed or replaced while the run was writing it")
        }
    }

    /// Further appends fail.
    func close() throws(ReportingError) {
        guard descriptor >= 0 else { return }
        let result = Foundation.close(descriptor)
        descriptor = -1
        if result != 0 { throw .cannotWrite(path: path, reason: Self.lastError) }
    }

    static var lastError: String { unsafe String(cString: strerror(errno)) }
}
