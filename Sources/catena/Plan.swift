import ArgumentParser
import CatenaCore
import CatenaDistributed
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
        let plan = Plan(try request(configuration, inventory))
        StandardOutput.write(json ? plan.json.prettyText() : plan.text)
        guard plan.fits else {
            let ranks = plan.request.cluster.ranksPerHost
            let available = plan.request.cluster.memoryBytesPerHost
            throw PlanningError.doesNotFit(
                placement: plan.placement, bytes: plan.memory.hostBytes(ranks: ranks),
                limit: Plan.usableBytes(available),
                available: available, ranksPerHost: ranks)
        }
    }

    private func request(_ configuration: RunConfiguration, _ inventory: ModelInventory) throws -> PlanRequest {
        let (training, distributed) = (configuration.training, configuration.distributed)
        let batch = training.globalBatch(worldSize: cluster.ranks)
        let count = (batch + training.microBatch - 1) / training.microBatch
        var step = PlanRequest.Work(
            sequenceTokens: configuration.data.maxLength, microBatchSequences: training.microBatch, microBatches: count,
            supervisedFraction: work.supervised, recomputesBlocks: training.recompute == .blocks,
            optimizerMoments: training.optimizer.moments)
        if distributed.reduction == .reproducible {
            (step.reductionStack, step.reductionPartials) = reductionDepth(microBatches: count)
        }
        return PlanRequest(
            inventory: inventory, trainsAll: configuration.adapter == nil, work: step,
            cluster: try cluster.cluster(threadsPerRank: distributed.threads), placement: distributed.placement,
            accumulation: distributed.accumulation, prefetches: distributed.prefetch)
    }

    /// Most partial sums that a rank holds while it adds its micro-batches, and that one sends.
    private func reductionDepth(microBatches: Int) -> (stack: Int, partials: Int) {
        var (stack, partials) = (1, 1)
        for rank in 0..<cluster.ranks {
            let share = ReductionTree.share(of: microBatches, rank: rank, size: cluster.ranks)
            stack = max(stack, ReductionTree.deepestStack(of: share, count: microBatches))
            partials = max(partials, ReductionTree.partials(of: share, count: microBatches).count)
        }
        return (stack, partials)
    }
}

extension RunConfiguration.TrainingSection.Optimizer {
    /// Numbers kept for each trained one.
    fileprivate var moments: Int {
        switch self {
        case .adamW: 2
        case .sgd(let momentum, _): momentum > 0 ? 1 : 0
        }
    }
}
