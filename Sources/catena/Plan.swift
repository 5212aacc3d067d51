import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaFiles
import Foundation

/// `catena plan`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Predict memory, traffic and time of a run on a cluster that need not be there.",
        discussion: """
            The work is that of a configuration, or of --shape with LoRA on all linear layers; --set changes either. What is \
            not given is taken from this machine: memory, cores, and the rate of a core by a short measurement. A host's \
            ranks may use 80 % of its memory. Exit code 1 means that the run does not fit; the last line says by how much. \
            The formulas are in docs/planning.md.

            EXAMPLES:
              catena plan --config run.yaml --ranks 4
              catena plan --config run.yaml --ranks 16 --nodes 8 --memory-per-node 64GB --bandwidth 10Gb
              catena plan --shape tinyllama-1.1b --storage bfloat16 --ranks 4 --sequence 512 --json
              catena plan --shape llama-70b --storage bfloat16 --ranks 64 --nodes 64 --cores-per-node 32 \
            --gflops-per-core 60 --memory-per-node 64GB --bandwidth 25Gb --sequence 2048
            """)

    @OptionGroup var work: PlannedWork
    @OptionGroup var cluster: PlannedCluster
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let configuration = try work.runConfiguration(ranks: cluster.ranks)
        let inventory = try work.inventory(configuration)
        let plan = Plan(
            try PlanRequest(
                configuration, inventory: inventory,
                cluster: try cluster.cluster(threadsPerRank: configuration.distributed.threads),
                supervisedFraction: work.supervised))
        StandardOutput.write(json ? plan.json.prettyText() : plan.text, asJSON: json)
        guard plan.fits else {
            let ranks = plan.request.cluster.ranksPerHost
            let available = plan.request.cluster.memoryBytesPerHost
            throw PlanningError.doesNotFit(
                placement: plan.placement, bytes: plan.memory.hostBytes(ranks: ranks),
                limit: Plan.usableBytes(available),
                available: available, ranksPerHost: ranks)
        }
    }
}
