import CatenaFiles
import Foundation

/// Keeps a second job out of an output folder: a lock on the file `job.lock` in it, held for the life of this value.
///
/// The lock ends with the process, so what a killed job leaves is no obstacle; the file is only there to say who holds it, and
/// goes with the lock. Only process 0 writes an output folder, so only it takes one.
package final class FolderLock {
    /// The file in the folder.
    package static let fileName = "job.lock"
    /// How long the end of another holder is waited for, in seconds.
    static let patience = 5

    private let folder: String
    private var descriptor: CInt = -1
    /// Why other jobs cannot be kept out, in a sentence; nil where they are.
    package private(set) var note: String?

    /// A lock that is not taken yet.
    package init(folder: String) { self.folder = folder }

    deinit {
        guard descriptor >= 0 else { return }
        // With the lock still held, so that nobody loses the file of a lock of their own.
        if FileLock.isNamed(path, descriptor) { unsafe unlink(path) }
        close(descriptor)
    }

    private var path: String { folder + "/" + Self.fileName }

    /// Whether the folder is this job's.
    package var isHeld: Bool { descriptor >= 0 }

    /// Takes the lock if the folder is there; a folder that is not holds nothing to protect yet.
    ///
    /// - Throws: ``TrainingError/outputLocked(path:holder:)``, or ``FileError/unwritable(path:reason:)``.
    package func takeIfPresent() throws {
        if DurableFolder.isFolder(folder) { try take() }
    }

    /// Takes the lock of a folder that is there; does nothing if it is held.
    ///
    /// A job that was killed may take a moment to end, so that a holder is waited for, ``patience`` seconds at most.
    ///
    /// - Throws: as ``takeIfPresent()``.
    package func take() throws {
        let begun = ContinuousClock.now
        // A holder that ends between our opening and locking takes the file with it; then there is a new one to make.
        while !isHeld {
            let opened = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o644)
            guard opened >= 0 else {
                throw unsafe FileError.unwritable(path: path, reason: String(cString: strerror(errno)))
            }
            switch FileLock.take(opened) {
            case .heldByOther:
                defer { close(opened) }
                guard begun.duration(to: .now) < .seconds(Self.patience) else {
                    throw TrainingError.outputLocked(path: folder, holder: Self.holder(opened))
                }
                usleep(50_000)
            case .unsupported(let reason):
                note =
                    "\(folder) cannot be locked (\(reason)), as on some network file systems: make sure that no other job "
                    + "writes there"
                descriptor = opened
            case .taken:
                if FileLock.isNamed(path, opened) { descriptor = opened } else { close(opened) }
            }
        }
        let text = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Self.now())\n".utf8)
        // On a full disk the lock holds all the same.
        if ftruncate(descriptor, 0) == 0 { _ = unsafe pwrite(descriptor, text, text.count, 0) }
    }

    /// What the holder wrote into the file that is open.
    private static func holder(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 300)
        let count = unsafe max(0, pread(descriptor, &bytes, bytes.count, 0))
        let text = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").first.map(String.init)
        return text ?? "a process that has not said its name"
    }

    private static func now() -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return format.string(from: Date())
    }
}
