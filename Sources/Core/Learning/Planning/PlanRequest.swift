package import CatenaModels

/// A training run and a cluster, as far as memory, traffic and time depend on them.
package struct PlanRequest: Sendable {
    /// The machines.
    package struct Cluster: Sendable, Equatable {
        /// Ranks, P.
        package var ranks: Int
        /// Hosts, H; the ranks are spread over them as evenly as can be.
        package var hosts: Int
        /// Memory of a host that programs can have.
        package var memoryBytesPerHost: Int
        /// Cores of a host.
        package var coresPerHost: Int
        /// Compute threads of a rank; nil: the cores of a host over its ranks.
        package var threadsPerRank: Int?
        /// Rate of a large float32 matrix product on one core, in 10⁹ operations a second.
        package var gigaflopsPerCore: Double
        /// What a host can send, and at the same time receive, over the network; unused with one host.
        package var networkBytesPerSecond: Double
        /// Time of a small message between hosts.
        package var latencySeconds: Double

        /// A cluster from its numbers.
        package init(
            ranks: Int, hosts: Int, memoryBytesPerHost: Int, coresPerHost: Int, threadsPerRank: Int? = nil,
            gigaflopsPerCore: Double, networkBytesPerSecond: Double, latencySeconds: Double = 50e-6
        ) {
            self.ranks = ranks
            self.hosts = hosts
            self.memoryBytesPerHost = memoryBytesPerHost
            self.coresPerHost = coresPerHost
            self.threadsPerRank = threadsPerRank
            self.gigaflopsPerCore = gigaflopsPerCore
            self.networkBytesPerSecond = networkBytesPerSecond
            self.latencySeconds = latencySeconds
        }

        /// Ranks of the fullest host.
        package var ranksPerHost: Int { (ranks + hosts - 1) / hosts }

        /// Cores that a rank computes with.
        package var coresPerRank: Double {
            let share = Double(coresPerHost) / Double(ranksPerHost)
            return threadsPerRank.map { min(Double($0), share) } ?? share
        }
    }

    /// The work of a step.
    package struct Work: Sendable, Equatable {
        /// Tokens of a sequence (`data.max-length`); rows are taken to be full.
        package var sequenceTokens: Int
        /// Sequences that go through the model at once.
        package var microBatchSequences: Int
        /// Micro-batches of a step over all ranks.
        package var microBatches: Int
        /// Part of the positions that are learned and so pass the head.
        package var supervisedFraction: Double
        /// Whether layers run again in the backward pass.
        package var recomputesBlocks: Bool
        /// Moments that the optimizer keeps for each trained number: 2 for AdamW.
        package var optimizerMoments: Int
        /// Whether the optimizer moves other numbers than the model computes with: values and gradients of their own.
        package var isReparameterised = false
        /// Most partial sums that one rank holds while it adds its micro-batches, and that it sends.
        package var reductionStack: Int
        /// Most partial sums that one rank sends.
        package var reductionPartials: Int
        /// Whether the objective asks for a reference: one more forward pass of the frozen model.
        package var hasReference = false
        /// Whether samples count by the losses of the whole step, which have to be known before the first gradient.
        package var weighsSamples = false

        /// A step from its numbers; a reduction over shares that are nodes of the tree sends one sum.
        package init(
            sequenceTokens: Int, microBatchSequences: Int, microBatches: Int, supervisedFraction: Double = 1,
            recomputesBlocks: Bool = false, optimizerMoments: Int = 2, reductionStack: Int = 1,
            reductionPartials: Int = 1
        ) {
            self.sequenceTokens = sequenceTokens
            self.microBatchSequences = microBatchSequences
            self.microBatches = microBatches
            self.supervisedFraction = supervisedFraction
            self.recomputesBlocks = recomputesBlocks
            self.optimizerMoments = optimizerMoments
            self.reductionStack = reductionStack
            self.reductionPartials = reductionPartials
        }

        /// Tokens of one micro-batch.
        package var microBatchTokens: Int { sequenceTokens * microBatchSequences }
        /// Tokens of a step over all ranks.
        package var stepTokens: Int { microBatchTokens * microBatches }
    }

    /// The model and what is trained in it.
    package var inventory: ModelInventory
    /// Whether every parameter is trained.
    package var trainsAll: Bool
    /// The work of a step.
    package var work: Work
    /// The machines.
    package var cluster: Cluster
    /// Where frozen weights live; `auto` is decided by ``PlacementChoice``.
    package var placement: RunConfiguration.DistributedSection.Placement
    /// The order of micro-batches and blocks.
    package var accumulation: RunConfiguration.DistributedSection.Accumulation
    /// Whether the next block is gathered while the present one computes.
    package var prefetches: Bool
    /// How frozen matrices are kept and multiplied.
    package var baseFormat: BaseFormat

    /// A request from its parts.
    package init(
        inventory: ModelInventory, trainsAll: Bool = false, work: Work, cluster: Cluster,
        placement: RunConfiguration.DistributedSection.Placement = .auto,
        accumulation: RunConfiguration.DistributedSection.Accumulation = .auto, prefetches: Bool = true,
        baseFormat: BaseFormat = .float32
    ) {
        self.inventory = inventory
        self.trainsAll = trainsAll
        self.work = work
        self.cluster = cluster
        self.placement = placement
        self.accumulation = accumulation
        self.prefetches = prefetches
        self.baseFormat = baseFormat
    }

    /// Micro-batches of the rank that has most of them.
    package var microBatchesPerRank: Int { (work.microBatches + cluster.ranks - 1) / cluster.ranks }

    /// Whether all micro-batches of a rank go through a block before the next block.
    package func isLayerMajor(_ placement: RunConfiguration.DistributedSection.Placement) -> Bool {
        switch accumulation {
        case .auto: placement == .sharded
        case .microMajor: false
        case .layerMajor: true
        }
    }

    /// Whether layers run again in the backward pass: as configured, and always in layer-major order.
    package func recomputesBlocks(_ placement: RunConfiguration.DistributedSection.Placement) -> Bool {
        work.recomputesBlocks || isLayerMajor(placement)
    }

    /// Micro-batches of the rank that has most of them that go forward once more, because their losses are wanted before their turn.
    package func measuredAhead(_ placement: RunConfiguration.DistributedSection.Placement) -> Int {
        work.weighsSamples && !isLayerMajor(placement) ? max(microBatchesPerRank - 1, 0) : 0
    }
}
