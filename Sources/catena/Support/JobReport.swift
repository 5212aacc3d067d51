import CatenaDistributed
import CatenaFiles
import CatenaReporting
import Foundation

/// What `catena doctor` says about a job: its hosts, its ranks, what was measured between them, and the findings.
struct JobReport {
    let ranks: [RankFacts]
    let clocks: [ClockOffset]
    let network: NetworkProbe?
    let findings: [Finding]

    /// Lines of a name and a value, then the findings.
    func text(_ machine: HostReport) -> String {
        var lines = machine.facts.map { Self.line($0.name, $0.value) }
        let hosts = Dictionary(grouping: ranks, by: \.hostIndex).sorted { $0.key < $1.key }.map(\.value)
        if hosts.count > 1 { lines += hosts.compactMap(\.first).map(host) }
        lines += ranks.map {
            Self.line(
                "rank \($0.rank)",
                "\($0.host), cores \(ProcessorSet(cores: Set($0.cores)).list), \($0.threads) thread\($0.threads == 1 ? "" : "s")"
                    + rateText($0)
            )
        }
        for sum in network?.allReduce ?? [] {
            let rate = sum.bytes < 1024 ? "" : ", " + Self.rate(sum.bytesPerSecond)
            lines.append(Self.line("all-reduce", "\(Self.amount(sum.bytes)) in \(Self.duration(sum.seconds))\(rate)"))
        }
        for link in network?.ring ?? [] {
            lines.append(
                Self.line(
                    "link",
                    "rank \(link.from) to \(link.to): \(Self.duration(link.latencySeconds)), \(Self.rate(link.bytesPerSecond))"
                ))
        }
        lines += findings.map { "\($0.severity.rawValue): \($0.text)\n" }
        if findings.isEmpty { lines.append("no findings: training can start.\n") }
        return lines.joined()
    }

    /// The rate that was measured beside the one expected.
    private func rateText(_ facts: RankFacts) -> String {
        guard let rate = facts.gigaflopsPerCore else { return "" }
        let expected = facts.expectedGigaflopsPerCore.map { " (expected about \(ExpectedRate.rounded($0)))" }
        return ", measured \(ExpectedRate.rounded(rate)) GFLOP/s a core" + (expected ?? "")
    }

    /// A host of several: addresses, memory, disk, shared memory, clock.
    private func host(_ facts: RankFacts) -> String {
        var parts = [facts.interfaces.map { "\($0.name) \($0.address)/\($0.prefixLength)" }.joined(separator: " ")]
        if let bytes = facts.availableMemoryBytes { parts.append("memory \(SizeText.bytes(bytes))") }
        if let disk = facts.disks.first { parts.append("disk \(SizeText.bytes(disk.freeBytes))") }
        if let shared = facts.sharedMemory { parts.append("/dev/shm \(SizeText.bytes(shared.freeBytes))") }
        if let clock = clocks.first(where: { $0.hostIndex == facts.hostIndex }) {
            parts.append("clock \(clock.seconds < 0 ? "-" : "+")\(Self.duration(abs(clock.seconds)))")
        }
        return Self.line("host \(facts.host)", parts.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    /// The same as one object: the machine's facts by name, `ranks`, `clocks`, `network` and `findings`.
    func json(_ machine: HostReport) -> JSONValue {
        func value(_ encodable: some Encodable) -> JSONValue {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            guard let data = try? encoder.encode(encodable) else { return .null }
            return (try? JSONValue.parse(String(decoding: data, as: UTF8.self), path: "doctor")) ?? .null
        }
        var members: JSONObject = [:]
        for fact in machine.facts.reversed() { members[fact.name] = .string(fact.value) }
        members["ranks"] = value(ranks)
        members["findings"] = value(findings)
        members["clocks"] = value(clocks)
        if let network { members["network"] = value(network) }
        return .object(members)
    }

    private static func line(_ name: String, _ value: String) -> String {
        name.padding(toLength: max(14, name.count + 1), withPad: " ", startingAt: 0) + value + "\n"
    }

    private static func amount(_ bytes: Int) -> String { bytes < 1 << 20 ? "\(bytes) bytes" : "\(bytes >> 20) MB" }

    private static func duration(_ seconds: Double) -> String {
        if seconds >= 1 { return String(format: "%.2f s", seconds) }
        return seconds < 1e-3 ? String(format: "%.1f µs", seconds * 1e6) : String(format: "%.2f ms", seconds * 1e3)
    }

    private static func rate(_ bytesPerSecond: Double) -> String { String(format: "%.2f GB/s", bytesPerSecond / 1e9) }
}
