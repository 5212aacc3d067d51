import Foundation
import Glibc

/// Free space of a folder's file system.
package struct DiskSpace: Codable, Equatable, Sendable {
    /// The folder.
    package var folder: String
    /// Bytes that this user can still write.
    package var freeBytes: Int
    /// Size of the file system.
    package var totalBytes: Int
    /// Whether files may be made in it.
    package var isWritable: Bool

    /// Space from given values.
    package init(folder: String, freeBytes: Int, totalBytes: Int? = nil, isWritable: Bool = true) {
        self.folder = folder
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes ?? freeBytes
        self.isWritable = isWritable
    }

    /// The space there now; nil if there is no such folder.
    package static func current(in folder: String) -> DiskSpace? {
        var status = statvfs()
        guard unsafe statvfs(folder, &status) == 0 else { return nil }
        let block = Int(status.f_frsize)
        return unsafe DiskSpace(
            folder: folder, freeBytes: Int(status.f_bavail) * block, totalBytes: Int(status.f_blocks) * block,
            isWritable: access(folder, W_OK) == 0)
    }
}

/// What the system lets a process have.
package struct HostLimits: Codable, Equatable, Sendable {
    /// Files and connections that may be open at once.
    package var openFiles: Int?
    /// Memory that may be locked, as InfiniBand needs it; nil without a limit.
    package var lockedBytes: Int?
    /// Address space; nil without a limit.
    package var addressSpaceBytes: Int?
    /// Whether the machine has an InfiniBand or RoCE device.
    package var hasInfiniband: Bool
    /// kernel.yama.ptrace_scope; nil where the kernel has no such restriction.
    package var ptraceScope: Int?

    /// Limits from given values.
    package init(
        openFiles: Int? = nil, lockedBytes: Int? = nil, addressSpaceBytes: Int? = nil, hasInfiniband: Bool = false,
        ptraceScope: Int? = nil
    ) {
        self.openFiles = openFiles
        self.lockedBytes = lockedBytes
        self.addressSpaceBytes = addressSpaceBytes
        self.hasInfiniband = hasInfiniband
        self.ptraceScope = ptraceScope
    }

    /// This process's limits.
    package static func current() -> HostLimits {
        let devices = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/infiniband")) ?? []
        let scope = try? String(contentsOfFile: "/proc/sys/kernel/yama/ptrace_scope", encoding: .utf8)
        return HostLimits(
            openFiles: soft(RLIMIT_NOFILE), lockedBytes: soft(__RLIMIT_MEMLOCK), addressSpaceBytes: soft(RLIMIT_AS),
            hasInfiniband: !devices.isEmpty,
            ptraceScope: scope.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
    }

    private static func soft(_ resource: __rlimit_resource) -> Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else {
            return nil
        }
        return Int(clamping: limit.rlim_cur)
    }
}
