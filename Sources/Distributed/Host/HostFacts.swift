import Foundation
import Glibc

/// What this process may use of its machine, and what it uses.
package struct HostFacts: Equatable, Sendable {
    /// Cores in this process's affinity mask.
    package let allowedCores: ProcessorSet
    /// Cores' worth of time the control group grants all its processes together; nil without a limit.
    package let cpuQuota: Double?
    /// Memory that can be had without swapping, control group limits included.
    package let availableMemoryBytes: Int?
    /// Memory this process holds now.
    package let residentBytes: Int
    /// The most it has held.
    package let peakResidentBytes: Int

    /// Reads them now, from /proc and /sys/fs/cgroup.
    package static func current() -> HostFacts {
        let status = fields(of: contents("/proc/self/status"))
        let groups = ControlGroup.paths(procSelfCgroup: contents("/proc/self/cgroup"))
        let machineBytes = fields(of: contents("/proc/meminfo"))["MemAvailable"].flatMap(bytes(fromKilobytes:))
        let groupBytes = ControlGroup.freeMemoryBytes(groups, read: contents)
        let allCores = ProcessorSet(cores: Set(0..<max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))))
        return HostFacts(
            allowedCores: status["Cpus_allowed_list"].flatMap { ProcessorSet(list: $0) } ?? allCores,
            cpuQuota: ControlGroup.cpuQuota(groups, read: contents),
            availableMemoryBytes: [machineBytes, groupBytes].compactMap { $0 }.min(),
            residentBytes: status["VmRSS"].flatMap(bytes(fromKilobytes:)) ?? 0,
            peakResidentBytes: status["VmHWM"].flatMap(bytes(fromKilobytes:)) ?? 0)
    }

    /// Compute threads for one process so that the processes of a host together fill its allowed cores and no more.
    ///
    /// - Parameter processorSets: the masks of all processes on the host, this one's included.
    /// - Returns: own cores / number of processes whose mask overlaps the own one, at most quota / processes on the host; at least 1.
    package static func suggestedThreads(
        own: ProcessorSet, processorSets: [ProcessorSet], cpuQuota: Double?
    ) -> Int {
        let sharing = processorSets.count { !$0.cores.isDisjoint(with: own.cores) }
        var threads = own.cores.count / max(1, sharing)
        if let cpuQuota { threads = min(threads, Int(cpuQuota) / max(1, processorSets.count)) }
        return max(1, threads)
    }

    /// Collective: `suggestedThreads` for this process, from the masks of all processes on its host.
    package static func suggestedThreads(_ communicator: any Communicator) throws(CommunicatorError) -> Int {
        let facts = current()
        let texts = try communicator.allGather(Array("\(communicator.hostIndex) \(facts.allowedCores.list)".utf8))
        var sets: [ProcessorSet] = []
        for text in texts {
            let words = String(decoding: text, as: UTF8.self).split(separator: " ")
            guard words.count == 2, Int(words[0]) == communicator.hostIndex,
                let set = ProcessorSet(list: String(words[1]))
            else { continue }
            sets.append(set)
        }
        return suggestedThreads(own: facts.allowedCores, processorSets: sets, cpuQuota: facts.cpuQuota)
    }

    private static func contents(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }

    /// "Name:  value" lines as a dictionary.
    static func fields(of text: String?) -> [String: String] {
        var fields: [String: String] = [:]
        for line in (text ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return fields
    }

    static func bytes(fromKilobytes text: String) -> Int? {
        text.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
