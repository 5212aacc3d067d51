import Foundation

/// Limits of the control groups (version 1 and 2) a process lies in.
package enum ControlGroup {
    /// Where this process's groups lie: the folder of version 2, or of the `cpu` and `memory` controllers of version 1.
    package struct Paths: Equatable, Sendable {
        package var unified: String?
        package var cpu: String?
        package var memory: String?

        package init(unified: String? = nil, cpu: String? = nil, memory: String? = nil) {
            self.unified = unified
            self.cpu = cpu
            self.memory = memory
        }
    }

    /// Parses /proc/self/cgroup: lines "0::/path" or "4:cpu,cpuacct:/path".
    package static func paths(procSelfCgroup text: String?) -> Paths {
        var paths = Paths()
        for line in (text ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            if parts[0] == "0", parts[1].isEmpty { paths.unified = parts[2] }
            if controllers.contains("cpu") { paths.cpu = parts[2] }
            if controllers.contains("memory") { paths.memory = parts[2] }
        }
        return paths
    }

    /// The tightest quota of the group and those above it, in cores; nil without one.
    package static func cpuQuota(_ paths: Paths, read: (String) -> String?) -> Double? {
        var quotas: [Double] = []
        for folder in folders(paths.unified, root: "/sys/fs/cgroup") {
            let words = (read(folder + "/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
            if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 {
                quotas.append(quota / period)
            }
        }
        for folder in folders(paths.cpu, root: "/sys/fs/cgroup/cpu") {
            if let quota = number(read(folder + "/cpu.cfs_quota_us")), quota > 0,
                let period = number(read(folder + "/cpu.cfs_period_us")), period > 0
            {
                quotas.append(quota / period)
            }
        }
        return quotas.min()
    }

    /// The least (limit - use) of the group and those above it; nil without a limit.
    package static func freeMemoryBytes(_ paths: Paths, read: (String) -> String?) -> Int? {
        var free: [Double] = []
        func take(limit: String?, use: String?) {
            // Version 1 writes "no limit" as a number near 2^63.
            guard let limit = number(limit), limit < 0x1p60, let use = number(use) else { return }
            free.append(max(0, limit - use))
        }
        for folder in folders(paths.unified, root: "/sys/fs/cgroup") {
            take(limit: read(folder + "/memory.max"), use: read(folder + "/memory.current"))
        }
        for folder in folders(paths.memory, root: "/sys/fs/cgroup/memory") {
            take(limit: read(folder + "/memory.limit_in_bytes"), use: read(folder + "/memory.usage_in_bytes"))
        }
        return free.min().map { Int($0) }
    }

    /// The group's folder and all above it, up to the root (in a container the inner path may be missing; the root is the group).
    private static func folders(_ path: String?, root: String) -> [String] {
        guard let path else { return [] }
        var parts = path.split(separator: "/")
        var folders: [String] = []
        while !parts.isEmpty {
            folders.append(root + "/" + parts.joined(separator: "/"))
            parts.removeLast()
        }
        return folders + [root]
    }

    private static func number(_ text: String?) -> Double? {
        text.flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}
