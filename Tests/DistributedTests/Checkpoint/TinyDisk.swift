import Foundation

/// A file system of a few kilobytes in memory, unmounted with the object.
final class TinyDisk {
    let path: String

    /// Whether this process may mount one.
    static var canMount: Bool {
        geteuid() == 0 && (try? TinyDisk(kilobytes: 64)) != nil
    }

    init(kilobytes: Int) throws {
        path = NSTemporaryDirectory() + "catena-disk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
            rmdir(path)
            throw CocoaError(.fileWriteUnknown)
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
