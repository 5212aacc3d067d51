import ArgumentParser
import CatenaCore
import CatenaDistributed
import Foundation

/// `catena doctor`.
struct Doctor: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Show what this machine, or every rank under mpirun, offers for training.",
        discussion: """
            EXAMPLES:
              catena doctor
              mpirun -n 4 catena doctor
              catena doctor --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try Job.run { communicator in
            let threads = try HostFacts.suggestedThreads(communicator)
            let line = "\(communicator.hostName)\t\(HostFacts.current().allowedCores.list)\t\(threads)"
            let ranks = try communicator.gather(Array(line.utf8), to: 0)
            guard let ranks else { return }
            show(HostReport(), ranks: ranks.map { String(decoding: $0, as: UTF8.self).components(separatedBy: "\t") })
        }
    }

    private func show(_ report: HostReport, ranks: [[String]]) {
        if json {
            var members = Dictionary(report.facts.map { ($0.name, JSONValue.string($0.value)) }) { first, _ in first }
            members["ranks"] = .array(
                ranks.map { ["host": .string($0[0]), "cores": .string($0[1]), "threads": .string($0[2])] })
            members["warnings"] = .array(report.warnings.map { .string($0) })
            return StandardOutput.write(JSONValue.object(members).prettyText())
        }
        for fact in report.facts {
            StandardOutput.write(fact.name.padding(toLength: 14, withPad: " ", startingAt: 0) + fact.value + "\n")
        }
        for (rank, columns) in ranks.enumerated() {
            StandardOutput.write("rank \(rank)".padding(toLength: 14, withPad: " ", startingAt: 0)
                + "\(columns[0]), cores \(columns[1]), \(columns[2]) threads\n")
        }
        for warning in report.warnings { StandardOutput.write("warning: \(warning)\n") }
    }
}
