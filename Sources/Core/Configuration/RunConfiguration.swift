/// Everything that decides a training run, complete with defaults: the content of `run.yaml`.
///
/// Paths are kept as they were typed; they are relative to the directory in which the command runs.
public struct RunConfiguration: Sendable, Equatable {
    /// A Hugging Face folder or a `.gguf` file.
    public var model: String
    /// How the frozen matrices are kept in memory.
    public var baseStorage: BaseStorage = .auto
    /// In what the products with them are computed.
    public var baseCompute: BaseCompute = .float32
    /// Both together; what contradicts itself was refused when the configuration was read.
    public var baseFormat: BaseFormat { BaseFormat(storage: baseStorage, compute: baseCompute) ?? .float32 }
    /// nil exactly when `training.trainable` is `.all`.
    public var adapter: AdapterSection?
    /// nil: one adapter for the whole run.
    public var chain: ChainSection?
    /// Examples and how they become sequences.
    public var data: DataSection
    /// Length, batch, optimizer and schedule.
    public var training: TrainingSection
    /// How ranks share weights and gradients.
    public var distributed: DistributedSection
    /// When checkpoints are written and how many stay.
    public var checkpoint: CheckpointSection
    /// What the run reports, and how often.
    public var log: LogSection
    /// The run folder.
    public var output: String

    /// A configuration from its sections; nothing is checked beyond types.
    public init(
        model: String, adapter: AdapterSection?, chain: ChainSection? = nil, data: DataSection,
        training: TrainingSection,
        distributed: DistributedSection = .init(), checkpoint: CheckpointSection = .init(),
        log: LogSection = .init(),
        output: String
    ) {
        self.model = model
        self.adapter = adapter
        self.chain = chain
        self.data = data
        self.training = training
        self.distributed = distributed
        self.checkpoint = checkpoint
        self.log = log
        self.output = output
    }
}

extension RunConfiguration {
    /// Where training examples come from and how they become sequences.
    public struct DataSection: Sendable, Equatable {
        /// A key of a form of data and the column of the files that stands for it.
        public struct Column: Sendable, Equatable {
            /// Such as `prompt`.
            public var key: String
            /// Such as `question`.
            public var name: String

            /// Reads `name` as `key`.
            public init(key: String, name: String) {
                self.key = key
                self.name = name
            }
        }

        /// JSON Lines.
        public var train: String
        /// JSON Lines; nil: no validation.
        public var validation: String?
        /// Columns of the files that stand for keys of a form; others keep their meaning.
        public var columns: [Column] = []
        /// How messages become text: `auto`, the model's own template; the name of a ``BuiltInTemplate``; a `.jinja` file.
        public var template = "auto"
        /// The day that the template writes where it asks for the time.
        public var date = TemplateDate.standard
        /// Tokens of a sequence, at least 2.
        public var maxLength = 512
        /// Several examples in one sequence, without attention across them.
        public var packing = true
        /// Whether the order of examples changes with each epoch (by the seed).
        public var shuffle = true
        /// Folder of prepared data; nil leaves the place to the data loader.
        public var cache: String?

        /// A section with this training file and defaults otherwise.
        public init(train: String) { self.train = train }
    }

    /// How the ranks share the work.
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

        /// Where the frozen weights live.
        public var placement: Placement = .auto
        /// In which order micro-batches go through the blocks.
        public var accumulation: Accumulation = .auto
        /// Whether the next block is gathered while the present one computes (sharded placement).
        public var prefetch = true
        /// How gradients are summed over ranks.
        public var reduction: Reduction = .reproducible
        /// Threads of one rank; nil (`auto`): the node's cores divided by its ranks.
        public var threads: Int?
        /// Seconds a rank may be silent while others wait for it; nil (`none`): forever.
        public var stallTimeoutSeconds: Double? = 300
        /// Steps between comparisons of the ranks' adapters; nil (`none`): only where a checkpoint is written.
        public var checkEvery: Int? = 100

        /// Defaults.
        public init() {}
    }

    /// When checkpoints are written and how many stay.
    public struct CheckpointSection: Sendable, Equatable {
        /// Steps between checkpoints; nil (`none`): only on a signal.
        public var every: Int? = 50
        /// The newest checkpoints that stay.
        public var keep = 3

        /// Defaults.
        public init() {}
    }

    /// What a run reports, and how often.
    public struct LogSection: Sendable, Equatable {
        /// Seconds between plain progress lines where there is no terminal.
        public var everySeconds = 5.0
        /// TensorBoard event files in the run folder.
        public var tensorboard = true
        /// `report.html` at the end of the run.
        public var report = true

        /// Defaults.
        public init() {}
    }
}
