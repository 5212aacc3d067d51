import Glibc

/// An advisory lock on an open file or folder (`flock`), which ends with the process or when the descriptor is closed.
package enum FileLock {
    /// What came of the wish for a lock.
    package enum Outcome: Equatable, Sendable {
        /// This descriptor has it.
        case taken
        /// Another open descriptor, of this or another process, has it.
        case heldByOther
        /// The file system has no such locks.
        case unsupported(reason: String)
    }

    /// Takes the lock for this descriptor alone, without waiting.
    package static func take(_ descriptor: CInt) -> Outcome {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return .heldByOther
            case let code: return .unsupported(reason: systemErrorText(code))
            }
        }
        return .taken
    }

    /// Whether `path` still names the file that is open: a lock on a file without its name protects nothing.
    package static func isNamed(_ path: String, _ descriptor: CInt) -> Bool {
        var (named, opened) = (stat(), stat())
        return unsafe lstat(path, &named) == 0 && fstat(descriptor, &opened) == 0
            && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }
}
