import Glibc

/// Names of files and folders that are still being written: `NAME.<16 hexadecimal digits><suffix>`, beside what they will be.
///
/// The digits are random, so that nobody can have put a link there before. A writer holds a lock on what it writes; one without
/// a lock was abandoned by a process that was killed, and the next writer of the same name removes it.
package enum TemporaryName {
    private static let digitCount = 16

    /// A name that hardly exists; `hidden` ones begin with a dot.
    package static func make(for path: String, suffix: String, hidden: Bool = false) -> String {
        let random = UInt64.random(in: .min ... .max)
        let (folder, name) = FilePath.split(path)
        let digits = unsafe withUnsafeBytes(of: random) { unsafe $0.hexadecimal }
        return "\(folder)/\(hidden ? "." : "")\(name).\(digits)\(suffix)"
    }

    /// Whether `name` is one that ``make(for:suffix:hidden:)`` gives for the last component of `path`.
    static func isTemporary(_ name: String, of path: String, suffix: String, hidden: Bool) -> Bool {
        let prefix = (hidden ? "." : "") + FilePath.split(path).name + "."
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            name.utf8.count == prefix.utf8.count + digitCount + suffix.utf8.count
        else { return false }
        return name.utf8.dropFirst(prefix.utf8.count).prefix(digitCount).allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
    }

    /// Removes what killed processes of this user left of `path`; `remove` takes a path away.
    package static func removeAbandoned(of path: String, suffix: String, hidden: Bool = false, remove: (String) -> Void)
    {
        let folder = FilePath.split(path).folder
        guard let listing = unsafe opendir(folder) else { return }
        defer { unsafe closedir(listing) }
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard isTemporary(name, of: path, suffix: suffix, hidden: hidden) else { continue }
            let candidate = folder + "/" + name
            var status = stat()
            guard unsafe lstat(candidate, &status) == 0, status.st_uid == geteuid() else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            guard isFolder || status.st_mode & S_IFMT == S_IFREG else { continue }
            let flags = isFolder ? O_RDONLY | O_DIRECTORY : O_WRONLY
            let descriptor = unsafe open(candidate, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if FileLock.take(descriptor) == .taken { remove(candidate) }
            close(descriptor)
        }
    }

    /// Takes the lock of what was just made at `path`.
    ///
    /// - Returns: false if another process took it for abandoned in the moment before; then a new one is needed.
    package static func claim(_ path: String, _ descriptor: CInt) -> Bool {
        switch FileLock.take(descriptor) {
        case .taken: FileLock.isNamed(path, descriptor)
        case .heldByOther: false
        case .unsupported: true
        }
    }
}
