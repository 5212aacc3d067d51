import CatenaSchema

extension RunConfiguration {
    /// How the ranks share the work; ``keys`` says what each property is, nil is `auto` or `none`.
    public struct DistributedSection: Sendable, Equatable {
        /// Where the frozen weights live.
        public enum Placement: String, Sendable, CaseIterable { case auto, replicated, node, sharded }
        /// In which order a rank's micro-batches go through the blocks: one after the other through all, or all through one
        /// block before the next one; `auto`: the second where blocks are gathered.
        public enum Accumulation: String, Sendable, CaseIterable {
            case auto
            case microMajor = "micro-major"
            case layerMajor = "layer-major"
        }
        /// How the gradients of a step are added over ranks.
        public enum Reduction: String, Sendable, CaseIterable {
            /// In a fixed tree over the micro-batches: the same bits for every number of ranks.
            case reproducible
            /// In the order of arrival within a rank and `MPI_Allreduce` between them.
            case fast
        }

        public var placement = Placement.auto
        public var accumulation = Accumulation.auto
        public var prefetch = true
        public var reduction = Reduction.reproducible
        public var threads: Int?
        public var stallTimeoutSeconds: Double? = 300
        public var checkEvery: Int? = 100
    }
}

extension RunConfiguration.DistributedSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "placement", \.placement, .choice, page: "distribution.md",
            "where the frozen weights lie; `auto` chooses by memory and says why"),
        .init(
            "accumulation", \.accumulation, .choice,
            "`micro-major`: one micro-batch after the other; `layer-major`: all through a block; `auto`: by placement"),
        .init("prefetch", \.prefetch, .flag, "gather the next block while this one computes"),
        .init(
            "reduction", \.reduction, .choice,
            "how gradients are summed; `fast`: MPI's all-reduce, bits depend on the number of ranks"),
        .init(
            "threads", \.threads, .wholeNumber(1...WholeNumberLimit.threads), or: "auto",
            "threads of a rank; `auto`: the host's cores divided by its ranks"),
        .init(
            "stall-timeout", \.stallTimeoutSeconds, .number(NumberBounds(lower: 1, unit: "seconds")), or: "none",
            page: "running.md",
            "seconds a rank may be silent while others wait for it before the job ends with exit code 76"),
        .init(
            "check-every", \.checkEvery, .wholeNumber(), or: "none",
            "steps between comparisons of the ranks' states; `none`: only at checkpoints and at the end"),
    ]
}
