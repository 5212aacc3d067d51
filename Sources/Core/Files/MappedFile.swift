import Glibc

/// A whole file mapped read-only into memory; unmapped when the last owner lets go.
///
/// Pages are read from disk on first use and shared by all processes of a machine that map the
/// same file. The file must not change while it is mapped: ``requireUnchanged()`` notices, and touching a page that no longer
/// exists ends the process with a line that names the file where `FaultGuard` is installed, else with SIGBUS.
@safe package final class MappedFile: Sendable {
    /// How a range will be used; passed to `madvise`.
    package enum Advice: Sendable {
        /// Read from front to back once.
        case sequential
        /// Read in no order.
        case random
        /// Needed soon: start reading it now.
        case willNeed
        /// Not needed for now: its pages may be dropped and are read again on the next use.
        case notNeeded
    }

    /// Where the file lies.
    package let path: String
    /// The file's size when it was mapped.
    package let byteCount: Int

    /// What the file was when it was mapped; nil for a copy in memory.
    private let identity: FileIdentity?
    /// Kept open, so that the state of this very file can be asked for when its name stands for another one.
    private let descriptor: CInt
    /// Its place in the table from which a fault is named.
    private let guardSlot: Int32

    // Invariant for the compiler's sake: the address is set once in `init`, points to read-only
    // pages, and is unmapped only in `deinit`, when no other reference exists.
    nonisolated(unsafe) private let base: UnsafeRawPointer?

    /// Maps the file at `path`.
    ///
    /// - Throws: ``FileError/missing(path:)``, or ``FileError/unreadable(path:reason:)`` if it is
    ///   a folder, a FIFO, a device, or may not be read.
    package init(path: String) throws(FileError) {
        let file = try InputFile(path: path)
        let byteCount = file.identity.byteCount
        var base: UnsafeRawPointer?
        if byteCount > 0 {
            let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0)
            guard let address = unsafe address, unsafe address != MAP_FAILED else {
                throw .unreadable(path: path, reason: "mapping failed, \(systemErrorText(errno))")
            }
            unsafe base = UnsafeRawPointer(address)
        }
        self.path = path
        self.byteCount = byteCount
        unsafe self.base = base
        identity = file.identity
        descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guardSlot = unsafe FaultGuard.remember(base, byteCount: byteCount, path: path)
    }

    /// Copies `bytes` into memory that behaves like a mapped file; `path` is only named in errors.
    ///
    /// - Throws: ``FileError/unreadable(path:reason:)`` if the system has no memory left.
    package init(copying bytes: [UInt8], path: String) throws(FileError) {
        var base: UnsafeRawPointer?
        if !bytes.isEmpty {
            let address = unsafe mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard let address = unsafe address, unsafe address != MAP_FAILED else {
                throw .unreadable(
                    path: path, reason: "no memory for its \(bytes.count) bytes, \(systemErrorText(errno))")
            }
            unsafe address.copyMemory(from: bytes, byteCount: bytes.count)
            unsafe base = UnsafeRawPointer(address)
        }
        self.path = path
        self.byteCount = bytes.count
        unsafe self.base = base
        (identity, descriptor, guardSlot) = (nil, -1, -1)
    }

    deinit {
        FaultGuard.forget(guardSlot)
        if descriptor >= 0 { close(descriptor) }
        if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
    }

    /// Checks that the file is what it was when it was mapped. A file that was replaced by another of its name, or removed, is still
    /// there for this process, unchanged.
    ///
    /// - Throws: ``FileError/changed(path:how:)``.
    package func requireUnchanged() throws(FileError) {
        guard let identity, descriptor >= 0, let now = FileIdentity(descriptor: descriptor) else { return }
        if let how = identity.change(to: now) { throw .changed(path: path, how: how) }
    }

    /// Checks that an opening of the same path found this very file, unchanged.
    ///
    /// - Throws: ``FileError/changed(path:how:)``.
    package func requireSame(_ other: FileIdentity) throws(FileError) {
        guard let identity, identity != other else { return }
        throw .changed(path: path, how: identity.change(to: other) ?? "was replaced after it was opened")
    }

    /// Lends the file's bytes; the pointer is valid only inside `body`.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { unsafe try body(bytes) }
    }

    /// The mapped bytes, valid as long as `self` lives.
    package var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// Tells the system how the bytes of `range` will be used. A hint: it never fails.
    package func advise(_ advice: Advice, range: Range<Int>? = nil) {
        guard let base = unsafe base else { return }
        let wanted = (range ?? 0..<byteCount).clamped(to: 0..<byteCount)
        guard !wanted.isEmpty else { return }
        let pageBytes = max(Int(sysconf(CInt(_SC_PAGESIZE))), 1)
        let start = wanted.lowerBound / pageBytes * pageBytes
        let code =
            switch advice {
            case .sequential: MADV_SEQUENTIAL
            case .random: MADV_RANDOM
            case .willNeed: MADV_WILLNEED
            case .notNeeded: MADV_DONTNEED
            }
        unsafe madvise(
            UnsafeMutableRawPointer(mutating: base + start), wanted.upperBound - start, CInt(code))
    }
}
