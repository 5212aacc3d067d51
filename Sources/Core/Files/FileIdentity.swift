import Glibc

/// Which file something is, and in which state: two looks at an unchanged file are equal.
package struct FileIdentity: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    /// The size.
    package let byteCount: Int
    private let modifiedSeconds: Int
    private let modifiedNanoseconds: Int

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
    }

    /// The open file's present state; nil if the system cannot say.
    init?(descriptor: CInt) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// How `later` differs, as the end of "the file …"; nil if it does not.
    func change(to later: FileIdentity) -> String? {
        if later.byteCount != byteCount {
            return "had \(byteCount) bytes when it was opened and has \(later.byteCount) now"
        }
        return later == self ? nil : "was written to after it was opened"
    }
}
