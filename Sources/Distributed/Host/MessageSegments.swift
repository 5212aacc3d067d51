import Foundation
import Glibc

/// Files in /dev/shm through which Open MPI's ranks of a machine exchange messages. Its ranks remove them at their end; those of
/// killed jobs stay.
package enum MessageSegments {
    private static let prefixes = ["vader_segment.", "sm_segment."]
    /// A file that is younger may be one that its process has not mapped yet.
    private static let leastAgeSeconds = 60

    /// Finds this user's files of this machine that no process maps, and removes them.
    ///
    /// Where one of the user's processes does not show what it maps, they are found and stay.
    ///
    /// - Parameters:
    ///   - folder: where they are.
    ///   - host: this machine's name, as the files' names have it: `vader_segment.HOST.UID.JOB.RANK`.
    ///   - processes: `/proc`.
    /// - Returns: the names, sorted, their bytes, and whether they are gone.
    package static func removeAbandoned(
        in folder: String = "/dev/shm", host: String, processes: String = "/proc"
    ) -> (names: [String], byteCount: Int, areRemoved: Bool) {
        let starts = prefixes.map { "\($0)\(host.split(separator: ".").first ?? "")." }
        let now = time(nil)
        var found: [(name: String, byteCount: Int)] = []
        for name in names(folder) where starts.contains(where: { name.hasPrefix($0) }) {
            var status = stat()
            guard unsafe lstat(folder + "/" + name, &status) == 0, status.st_uid == getuid(),
                status.st_mode & S_IFMT == S_IFREG, now - status.st_mtim.tv_sec >= leastAgeSeconds
            else { continue }
            found.append((name, Int(status.st_blocks) * 512))
        }
        guard !found.isEmpty else { return ([], 0, true) }
        let mapped = mappedFiles(processes)
        found.removeAll {
            unsafe mapped.paths.contains(folder + "/" + $0.name) || mapped.areAll && unlink(folder + "/" + $0.name) != 0
        }
        return (found.map(\.name).sorted(), found.reduce(0) { $0 + $1.byteCount }, mapped.areAll)
    }

    /// Paths that this user's processes map, and whether all of them say.
    private static func mappedFiles(_ processes: String) -> (paths: Set<String>, areAll: Bool) {
        var (paths, areAll) = (Set<String>(), true)
        for name in names(processes) where Int(name) != nil {
            let folder = "\(processes)/\(name)"
            var status = stat()
            guard unsafe stat(folder, &status) == 0, status.st_uid == getuid() else { continue }
            guard let text = try? String(contentsOfFile: folder + "/maps", encoding: .utf8) else {
                // Gone meanwhile, or silent.
                if unsafe stat(folder, &status) == 0 { areAll = false }
                continue
            }
            for line in text.split(separator: "\n") {
                guard let slash = line.firstIndex(of: "/") else { continue }
                paths.insert(String(line[slash...]))
            }
        }
        return (paths, areAll)
    }

    private static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
