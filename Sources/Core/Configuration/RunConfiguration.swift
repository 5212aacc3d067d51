/// Everything that decides a training run, complete with defaults: the content of `run.yaml`.
///
/// Paths are kept as they were typed; they are relative to the directory in which the command runs.
public struct RunConfiguration: Sendable, Equatable {
    /// A Hugging Face folder or a `.gguf` file.
    public var model: String
    /// nil exactly when `training.trainable` is `.all`.
    public var adapter: AdapterSection?
    public var data: DataSection
    public var training: TrainingSection
    public var distributed: DistributedSection
    public var checkpoint: CheckpointSection
    public var log: LogSection
    /// The run folder.
    public var output: String

    public init(
        model: String, adapter: AdapterSection?, data: DataSection, training: TrainingSection,
        distributed: DistributedSection = .init(), checkpoint: CheckpointSection = .init(), log: LogSection = .init(),
        output: String
    ) {
        self.model = model
        self.adapter = adapter
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
        public enum Template: String, Sendable, CaseIterable { case auto, chatml, llama2, llama3, alpaca, plain }

        /// JSON Lines.
        public var train: String
        public var validation: String?
        public var template: Template = .auto
        /// Tokens of a sequence, at least 2.
        public var maxLength = 512
        /// Several examples in one sequence, without attention across them.
        public var packing = true
        public var shuffle = true
        /// Folder of prepared data; nil leaves the place to the data loader.
        public var cache: String?

        public init(train: String) { self.train = train }
    }

    /// How the ranks share the work.
    public struct DistributedSection: Sendable, Equatable {
        public enum Placement: String, Sendable, CaseIterable { case auto, replicated, node, sharded }
        public enum Reduction: String, Sendable, CaseIterable { case reproducible, fast }

        public var placement: Placement = .auto
        public var reduction: Reduction = .reproducible
        /// Threads of one rank; nil (`auto`): the node's cores divided by its ranks.
        public var threads: Int?

        public init() {}
    }

    public struct CheckpointSection: Sendable, Equatable {
        /// Steps between checkpoints; nil (`none`): only on a signal.
        public var every: Int? = 50
        /// The newest checkpoints that stay.
        public var keep = 3

        public init() {}
    }

    public struct LogSection: Sendable, Equatable {
        /// Seconds between plain progress lines where there is no terminal.
        public var everySeconds = 5.0
        /// TensorBoard event files in the run folder.
        public var tensorboard = true
        /// `report.html` at the end of the run.
        public var report = true

        public init() {}
    }
}
