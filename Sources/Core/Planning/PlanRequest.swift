/// A training run and a cluster, as far as memory, traffic and time depend on them.
public struct PlanRequest: Sendable {
    /// The machines.
    public struct Cluster: Sendable, Equatable {
        /// Ranks, P.
        public var ranks: Int
        /// Hosts, H; the ranks are spread over them as evenly as can be.
        public var hosts: Int
        /// Memory of a host that programs can have.
        public var memoryBytesPerHost: Int
        /// Cores of a host.
        public var coresPerHost: Int
        /// Compute threads of a rank; nil: the cores of a host over its ranks.
        public var threadsPerRank: Int?
        /// Rate of a large float32 matrix product on one core, in 10⁹ operations a second.
        public var gigaflopsPerCore: Double
        /// What a host can send, and at the same time receive, over the network; unused with one host.
        public var networkBytesPerSecond: Double
        /// Time of a small message between hosts.
        public var latencySeconds: Double

        /// A cluster from its numbers.
        public init(
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
        public var ranksPerHost: Int { (ranks + hosts - 1) / hosts }

        /// Cores that a rank computes with.
        public var coresPerRank: Double {
            let share = Double(coresPerHost) / Double(ranksPerHost)
            return threadsPerRank.map { min(Double($0), share) } ?? share
        }
    }

    /// The work of a step.
    public struct Work: Sendable, Equatable {
        /// Tokens of a sequence (`data.max-length`); rows are taken to be full.
        public var sequenceTokens: Int
        /// Sequences that go through the model at once.
        public var microBatchSequences: Int
        /// Micro-batches of a step over all ranks.
        public var microBatches: Int
        /// Part of the positions that are learned and so pass the head.
        public var supervisedFraction: Double
        /// Whether layers run again in the backward pass.
        public var recomputesBlocks: Bool
        /// Moments that the optimizer keeps for each trained number: 2 for AdamW.
        public var optimizerMoments: Int
        /// Most partial sums that one rank holds while it adds its micro-batches, and that it sends.
        public var reductionStack: Int
        /// Most partial sums that one rank sends.
        public var reductionPartials: Int
        /// Whether the objective asks for a reference: one more forward pass of the frozen model.
        public var hasReference = false

        /// A step from its numbers; a reduction over shares that are nodes of the tree sends one sum.
        public init(
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
        public var microBatchTokens: Int { sequenceTokens * microBatchSequences }
        /// Tokens of a step over all ranks.
        public var stepTokens: Int { microBatchTokens * microBatches }
    }

    /// The model and what is trained in it.
    public var inventory: ModelInventory
    /// Whether every parameter is trained.
    public var trainsAll: Bool
    /// The work of a step.
    public var work: Work
    /// The machines.
    public var cluster: Cluster
    /// Where frozen weights live; `auto` is decided by ``PlacementChoice``.
    public var placement: RunConfiguration.DistributedSection.Placement
    /// The order of micro-batches and blocks.
    public var accumulation: RunConfiguration.DistributedSection.Accumulation
    /// Whether the next block is gathered while the present one computes.
    public var prefetches: Bool
    /// How frozen matrices are kept and multiplied.
    public var baseFormat: BaseFormat

    /// A request from its parts.
    public init(
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
    public var microBatchesPerRank: Int { (work.microBatches + cluster.ranks - 1) / cluster.ranks }

    /// Whether all micro-batches of a rank go through a block before the next block.
    public func isLayerMajor(_ placement: RunConfiguration.DistributedSection.Placement) -> Bool {
        switch accumulation {
        case .auto: placement == .sharded
        case .microMajor: false
        case .layerMajor: true
        }
    }

    /// Whether layers run again in the backward pass: as configured, and always in layer-major order.
    public func recomputesBlocks(_ placement: RunConfiguration.DistributedSection.Placement) -> Bool {
        work.recomputesBlocks || isLayerMajor(placement)
    }
}
