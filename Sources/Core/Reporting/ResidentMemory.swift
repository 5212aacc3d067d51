import Foundation

/// This process's memory as the Linux kernel counts it.
package enum ResidentMemory {
    /// Bytes of physical memory that the process holds now; 0 where `/proc` is missing.
    package static var currentBytes: Int { bytes(of: "VmRSS:") }

    /// The most bytes it has held so far; 0 where `/proc` is missing.
    package static var peakBytes: Int { bytes(of: "VmHWM:") }

    private static func bytes(of key: String) -> Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
            let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap(
                { Int($0) })
        else { return 0 }
        return kibibytes * 1024
    }
}
