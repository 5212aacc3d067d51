import Foundation
import Glibc

/// How busy a machine is with all its programs.
package struct MachineLoad: Codable, Equatable, Sendable {
    /// Tasks that ran or wanted to, as a mean over the last minute.
    package var tasks: Double
    /// Cores of the machine, whether this process may use them or not.
    package var cores: Int

    package init(tasks: Double, cores: Int) {
        self.tasks = tasks
        self.cores = cores
    }

    /// The load now; nil where the system does not say.
    package static func current() -> MachineLoad? {
        guard let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8),
            let tasks = text.split(separator: " ").first.flatMap({ Double($0) })
        else { return nil }
        return MachineLoad(tasks: tasks, cores: max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))))
    }

    /// Whether other programs take so much that measurements and runs are slower than the machine: half a core and more, and a
    /// fifth of all.
    package var isBusy: Bool { tasks >= max(0.5, 0.2 * Double(cores)) }

    /// As in "the load is …".
    package var text: String {
        let rounded = (tasks * 10).rounded() / 10
        return "\(rounded) on \(cores) core\(cores == 1 ? "" : "s") over the last minute"
    }
}
