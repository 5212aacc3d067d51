import ArgumentParser
import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaReporting

/// `catena doctor`.
struct Doctor: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Show what this machine, or every rank under mpirun, offers for training.",
        discussion: """
            Prints findings with a remedy each, and measures the rate of the cores. Under mpirun it also measures the all-reduce, the links between hosts and \
            their clocks, and compares programs, libraries and network interfaces. docs/running.md lists the findings.
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
            if communicator.hostRank == 0 {
                let freed = SharedMemory.removeAbandoned()
                if freed > 0 {
                    StandardError.write(
                        "note: removed \(SizeText.bytes(freed)) from /dev/shm of \(communicator.hostName), left by killed runs\n"
                    )
                }
                let segments = MessageSegments.removeAbandoned(host: communicator.hostName)
                if !segments.names.isEmpty {
                    let place = "\(SizeText.bytes(segments.byteCount)) from /dev/shm of \(communicator.hostName)"
                    StandardError.write(
                        (segments.areRemoved
                            ? "note: removed \(place), left by killed jobs of Open MPI: "
                            : "note: remove \(place) if no job of Open MPI's runs; no process that can be looked at uses it: ")
                            + segments.names.joined(separator: ", ") + "\n")
                }
            }
            let ranks = try RankFacts.gather(communicator, threads: compute.threads) {
                ProductRate.ofTraining(engine: Engine(threads: $0), repetitions: 3)
            }
            let clocks = try ClockOffset.measure(communicator)
            let network = try NetworkProbe.measure(communicator)
            let findings = Finding.all(in: ranks, clocks: clocks, network: network)
            if communicator.isRoot {
                let report = JobReport(ranks: ranks, clocks: clocks, network: network, findings: findings)
                StandardOutput.write(
                    json ? report.json(HostReport()).prettyText() : report.text(HostReport()), asJSON: json)
            }
            return !findings.contains { $0.severity == .error }
        }
        if !isPossible { throw ExitCode(Failure.failed) }
    }
}
