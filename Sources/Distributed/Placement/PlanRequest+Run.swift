package import CatenaLearning
import CatenaEngine
import CatenaModels

extension PlanRequest {
    /// A configured run on a cluster.
    ///
    /// - Parameter supervisedFraction: part of the positions that pass the head.
    /// - Throws: ``PlanningError/beyondCounting``.
    package init(
        _ configuration: RunConfiguration, inventory: ModelInventory, cluster: Cluster, supervisedFraction: Double = 1
    ) throws(PlanningError) {
        let (training, distributed) = (configuration.training, configuration.distributed)
        let batch = training.globalBatch(worldSize: cluster.ranks)
        let count = (batch + training.microBatch - 1) / training.microBatch
        // A pair is an example of two sequences.
        let sequences = configuration.task == .preference ? 2 : 1
        var step = Work(
            sequenceTokens: configuration.data.maxLength, microBatchSequences: sequences * training.microBatch,
            microBatches: count,
            supervisedFraction: supervisedFraction, recomputesBlocks: training.recompute == .blocks,
            optimizerMoments: training.optimizer.moments)
        step.isReparameterised = configuration.reparameterisation != nil
        step.hasReference = configuration.objective?.measurement == .samplesAndReference
        step.weighsSamples = training.sampleWeighting.map { $0.strategy != nil && $0.scope == .step } ?? false
        if distributed.reduction == .reproducible {
            for rank in 0..<cluster.ranks {
                let share = ReductionTree.share(of: count, rank: rank, size: cluster.ranks)
                step.reductionStack = max(step.reductionStack, ReductionTree.deepestStack(of: share, count: count))
                step.reductionPartials = max(
                    step.reductionPartials, ReductionTree.partials(of: share, count: count).count)
            }
        }
        self.init(
            inventory: inventory, trainsAll: configuration.adapter == nil, work: step, cluster: cluster,
            placement: distributed.placement, accumulation: distributed.accumulation,
            prefetches: distributed.prefetch, baseFormat: configuration.baseFormat)
        try requireCountable()
    }
}

extension RunConfiguration.TrainingSection.Optimizer {
    /// Numbers kept for each trained one.
    fileprivate var moments: Int {
        switch name {
        case .adamw: 2
        case .sgd: momentum > 0 ? 1 : 0
        }
    }
}

extension PlacementChoice {
    /// Collective: what `distributed.placement: auto` takes, from the memory that the hosts have now. Nothing is `auto`
    /// about another value, which is taken as it is.
    ///
    /// - Throws: ``PlanningError/doesNotFit(placement:bytes:limit:available:ranksPerHost:)``.
    static func choose(
        _ configuration: RunConfiguration, files: ModelFiles, communicator: any Communicator
    ) throws -> PlacementChoice {
        guard configuration.distributed.placement == .auto else {
            return PlacementChoice(placement: configuration.distributed.placement, reason: "as configured")
        }
        guard files.configuration.images == nil else {
            return PlacementChoice(placement: .replicated, reason: "an image model is trained whole")
        }
        let available = HostFacts.current().availableMemoryBytes ?? Int.max
        let tightest = Int(try communicator.allReduceMin([Int64(available)])[0])
        let ranksPerHost = Int(try communicator.allReduceMax([Int64(communicator.hostSize)])[0])
        return try communicator.agree("choose where the frozen weights lie") {
            let inventory = try ModelInventory(
                configuration: files.configuration, storage: .files(files), adapter: configuration.adapter)
            let request = try PlanRequest(
                configuration, inventory: inventory,
                cluster: .init(
                    ranks: communicator.size, hosts: communicator.hostCount, memoryBytesPerHost: tightest,
                    coresPerHost: 1, gigaflopsPerCore: 1, networkBytesPerSecond: 1))
            func bytes(_ placement: RunConfiguration.DistributedSection.Placement) -> Int {
                PlannedMemory(request, placement: placement).hostBytes(ranks: ranksPerHost)
            }
            // A run that trains all parameters has nothing frozen to share out.
            return try choose(
                replicatedBytesPerHost: bytes(.replicated), nodeBytesPerHost: bytes(.node),
                shardedBytesPerHost: configuration.adapter == nil ? bytes(.replicated) : bytes(.sharded),
                availableBytesPerHost: tightest, ranksPerHost: ranksPerHost)
        }
    }
}
