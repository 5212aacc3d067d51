import ArgumentParser
import CatenaCore
import CatenaDistributed
import Foundation

/// `catena doctor`.
struct Doctor: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Show what this machine, or every rank under mpirun, offers for training.",
        discussion: """
            Prints findings with a remedy each. Under mpirun it also measures the all-reduce and the links between hosts.
            Exit code 1 means that training is impossible here.

            EXAMPLES:
              catena doctor
              mpirun -n 4 catena doctor
              catena doctor --json
            """)

    @OptionGroup var compute: ComputeOptions
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let isPossible = try Job.run { communicator in
            let ranks = try RankFacts.gather(communicator, threads: compute.threads)
            let network = try NetworkProbe.measure(communicator)
            var findings = Finding.all(in: ranks)
            if let network, !network.isCorrect {
                findings.insert(
                    .init(.error, "an all-reduce gave a wrong sum; check the MPI installation of every host."), at: 0)
            }
            if communicator.isRoot { show(HostReport(), ranks, findings, network) }
            return !findings.contains { $0.severity == .error }
        }
        if !isPossible { throw ExitCode(Failure.failed) }
    }

    private func show(_ report: HostReport, _ ranks: [RankFacts], _ findings: [Finding], _ network: NetworkProbe?) {
        if json { return StandardOutput.write(Self.object(report, ranks, findings, network).prettyText()) }
        for fact in report.facts { Self.line(fact.name, fact.value) }
        for rank in ranks {
            let cores = ProcessorSet(cores: Set(rank.cores)).list
            Self.line(
                "rank \(rank.rank)",
                "\(rank.host), cores \(cores), \(rank.threads) thread\(rank.threads == 1 ? "" : "s")")
        }
        for sum in network?.allReduce ?? [] {
            Self.line(
                "all-reduce",
                Self.amount(sum.bytes) + " in " + Self.duration(sum.seconds)
                    + (sum.bytes < 1024 ? "" : ", " + Self.rate(sum.bytesPerSecond)))
        }
        for link in network?.ring ?? [] {
            Self.line(
                "link",
                "rank \(link.from) to \(link.to): \(Self.duration(link.latencySeconds)), "
                    + Self.rate(link.bytesPerSecond))
        }
        for finding in findings { StandardOutput.write("\(finding.severity.rawValue): \(finding.text)\n") }
        if findings.isEmpty { StandardOutput.write("no findings: training can start.\n") }
    }

    private static func object(
        _ report: HostReport, _ ranks: [RankFacts], _ findings: [Finding], _ network: NetworkProbe?
    ) -> JSONValue {
        func value(_ encodable: some Encodable) -> JSONValue {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            guard let data = try? encoder.encode(encodable) else { return .null }
            return (try? JSONValue.parse(String(decoding: data, as: UTF8.self), path: "doctor")) ?? .null
        }
        var members = Dictionary(report.facts.map { ($0.name, JSONValue.string($0.value)) }) { first, _ in first }
        members["ranks"] = value(ranks)
        members["findings"] = value(findings)
        if let network { members["network"] = value(network) }
        return .object(members)
    }

    private static func line(_ name: String, _ value: String) {
        StandardOutput.write(
            name.padding(toLength: max(14, name.count + 1), withPad: " ", startingAt: 0) + value + "\n")
    }

    private static func amount(_ bytes: Int) -> String { bytes < 1 << 20 ? "\(bytes) bytes" : "\(bytes >> 20) MB" }

    private static func duration(_ seconds: Double) -> String {
        seconds < 1e-3 ? String(format: "%.1f µs", seconds * 1e6) : String(format: "%.2f ms", seconds * 1e3)
    }

    private static func rate(_ bytesPerSecond: Double) -> String { String(format: "%.2f GB/s", bytesPerSecond / 1e9) }
}
