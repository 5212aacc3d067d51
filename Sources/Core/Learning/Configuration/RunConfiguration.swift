public import CatenaAdapters
public import CatenaModels
import CatenaSchema

/// Everything that decides a training run, complete with defaults: the content of `run.yaml`; ``keys`` says what each is.
///
/// Paths are kept as they were typed; they are relative to the directory in which the command runs.
public struct RunConfiguration: Sendable, Equatable {
    public var model = ""
    public var task = Task.languageModel
    /// Empty: from the model or the data.
    public var labels: [String] = []
    public var preference = PreferenceSection()
    /// nil: the labels alone.
    public var distillation: DistillationSection?
    public var baseStorage = BaseStorage.auto
    public var baseCompute = BaseCompute.float32
    /// nil exactly when `training.trainable` is `.all`.
    public var adapter: AdapterSection?
    /// nil: one adapter for the whole run.
    public var chain: ChainSection?
    public var data = DataSection()
    public var training = TrainingSection()
    public var distributed = DistributedSection()
    public var checkpoint = CheckpointSection()
    public var log = LogSection()
    public var output = ""

    /// Storage and products together; what contradicts itself was refused when the configuration was read.
    public var baseFormat: BaseFormat { BaseFormat(storage: baseStorage, compute: baseCompute) ?? .float32 }
}

extension RunConfiguration: ConfigurationSection {
    static let keys: [ConfigurationKey<RunConfiguration>] = [
        .init(
            "model", \.model, .path("the path of a model"), required: "a Hugging Face model folder or a .gguf file",
            "Hugging Face folder or `.gguf` file"),
        // Only where they matter: the fingerprint of a language model's run does not name them.
        .init(
            "task", \.task, .task, page: "data.md#tasks", isWritten: { $0.task != .languageModel },
            "what is learned: the next token, the class or the number of a text, the better of two answers"),
        .init(
            "labels", \.labels, .classNames, default: "the model's or the data's", page: "data.md#tasks",
            isWritten: { !$0.labels.isEmpty }, "the names of the classes, in the order of the scores"),
        .init(
            "preference", \.preference, .section, page: "preference.md", isWritten: { $0.task == .preference },
            "how pairs of answers are learned"),
        .init(
            "distillation", \.distillation, .distillation, page: "incremental.md",
            isWritten: { $0.distillation != nil },
            "a teacher's scores as a second target of a classification"),
        // Only where they are set: the fingerprint of a float32 run does not name them.
        .init(
            "base-storage", \.baseStorage, .choice, page: "base-weights.md", isWritten: { $0.baseStorage != .auto },
            "how the frozen matrices are kept; `auto`: int8 with int8 products, else float32"),
        .init(
            "base-compute", \.baseCompute, .choice, page: "base-weights.md", isWritten: { $0.baseCompute != .float32 },
            "products with the frozen matrices; `int8`: a step in some 0.6 of the time, with AVX-512 VNNI"),
        .init(
            "adapter", \.adapter, .adapter,
            "which method adapts which layers; the method's own options are keys too (`catena methods NAME`)"),
        .init("chain", \.chain, .chain, page: "methods/chain.md", "train a chain of adapters instead of one"),
        .init("data", \.data, .section, "the examples and how they become sequences"),
        .init("training", \.training, .section, "length, batch, optimizer and schedule"),
        .init("distributed", \.distributed, .section, mayChange: true, "how the ranks share the work"),
        .init("checkpoint", \.checkpoint, .section, mayChange: true, "when checkpoints are written"),
        .init("log", \.log, .section, mayChange: true, "what the run reports"),
        .init(
            "output", \.output, .path("the path of a folder"), required: "the folder for the run's results",
            mayChange: true,
            "the run folder; one that holds a run is refused without `--resume`, and one that another job has always"),
    ]
}

extension ValueKind where Value == AdapterSection? {
    /// Read last, because what is trained and the chain decide about it.
    fileprivate static let adapter = ValueKind(
        summary: "a section", read: { _, _ in nil }, write: { $0.map { .section($0.entries) } },
        keys: AdapterSection.descriptions)
}

extension ValueKind where Value == RunConfiguration.ChainSection? {
    /// An empty section is no chain.
    fileprivate static let chain = ValueKind<RunConfiguration.ChainSection>.section.unlessNothing
}

extension ValueKind where Value == RunConfiguration.DistillationSection? {
    /// An empty section is no teacher.
    fileprivate static let distillation = ValueKind<RunConfiguration.DistillationSection>.section.unlessNothing
}
