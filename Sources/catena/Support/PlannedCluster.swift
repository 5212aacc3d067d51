import ArgumentParser
import CatenaLearning
import CatenaDistributed
import CatenaEngine

/// The options of `catena plan` that describe the machines.
struct PlannedCluster: ParsableArguments {
    @Option(help: ArgumentHelp("Ranks in all.", valueName: "count"))
    var ranks: Int
    @Option(help: ArgumentHelp("Hosts, over which the ranks are spread evenly.", valueName: "count"))
    var nodes = 1
    @Option(
        help: ArgumentHelp(
            "Memory of a host for programs: 64GB, 512GiB. (default: what is free here)", valueName: "size"))
    var memoryPerNode: MemorySize?
    @Option(help: ArgumentHelp("Network of a host: 10Gb, 25Gb/s, 3GB/s.", valueName: "rate"))
    var bandwidth = NetworkBandwidth(bytesPerSecond: 10e9 / 8)
    @Option(help: ArgumentHelp("Time of a small message between hosts.", valueName: "microseconds"))
    var latency = 50.0
    @Option(help: ArgumentHelp("Cores of a host. (default: this machine's)", valueName: "count"))
    var coresPerNode: Int?
    @Option(
        help: ArgumentHelp(
            "Rate of a large float32 product on one core. (default: measured here in a second)", valueName: "GFLOP/s"))
    var gflopsPerCore: Double?

    func validate() throws {
        let counts = [("ranks", ranks), ("nodes", nodes), ("cores-per-node", coresPerNode ?? 1)]
        for (name, value) in counts where !(1...1_000_000).contains(value) {
            throw ValidationError("--\(name) is \(value), expected a number in 1...1000000.")
        }
        if nodes > ranks {
            throw ValidationError("--nodes is \(nodes), expected at most one for each of \(ranks) ranks.")
        }
        if let gflopsPerCore, !(gflopsPerCore > 0 && gflopsPerCore.isFinite) {
            throw ValidationError("--gflops-per-core is \(gflopsPerCore), expected a positive number.")
        }
        if !(latency >= 0 && latency.isFinite) {
            throw ValidationError("--latency is \(latency), expected microseconds.")
        }
    }

    /// The cluster; what is not given is this machine's.
    func cluster(threadsPerRank: Int?) throws -> PlanRequest.Cluster {
        let host = HostFacts.current()
        guard let memory = memoryPerNode?.bytes ?? host.availableMemoryBytes else {
            throw ValidationError("This system does not say how much memory is free; give --memory-per-node.")
        }
        let cores = coresPerNode ?? host.allowedCores.cores.count
        return PlanRequest.Cluster(
            ranks: ranks, hosts: nodes, memoryBytesPerHost: memory, coresPerHost: cores, threadsPerRank: threadsPerRank,
            gigaflopsPerCore: gflopsPerCore ?? Self.measuredRate(cores: host.allowedCores.cores.count),
            networkBytesPerSecond: bandwidth.bytesPerSecond, latencySeconds: latency / 1e6)
    }

    /// With all cores at work, as in training.
    private static func measuredRate(cores: Int) -> Double {
        let load = MachineLoad.current()
        if let load, load.isBusy {
            StandardError.write(
                "note: this machine is busy (the load is \(load.text)), so the rate of a core that is measured here is below what an "
                    + "idle one has; end the other programs, or give --gflops-per-core\n")
        }
        let engine = Engine(threads: cores)
        let rate = ProductRate.ofTraining(engine: engine, repetitions: 7) / Double(cores)
        if let complaint = ExpectedRate.current()?.complaint(measured: rate, load: load) {
            StandardError.write("note: this machine is slow: \(complaint); give --gflops-per-core for another rate\n")
        }
        return rate
    }
}

extension NetworkBandwidth {
    init(bytesPerSecond: Double) { self.bytesPerSecond = bytesPerSecond }

    var defaultValueDescription: String { "\(Int(bytesPerSecond * 8 / 1e9))Gb" }
}
