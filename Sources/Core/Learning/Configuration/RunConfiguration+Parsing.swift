public import CatenaAdapters
import CatenaEngine
import CatenaModels
public import CatenaSchema

extension RunConfiguration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - overrides: arguments of `--set`, `section.key=value`, applied in order before anything is checked.
    ///   - methods: the adapter methods that exist.
    public static func load(
        path: String, overrides: [String] = [], methods: [AdapterMethod] = AdapterMethod.all
    ) throws(ConfigurationError) -> RunConfiguration {
        return try parse(
            yaml: try ConfigurationNode.text(ofFile: path), path: path, overrides: overrides, methods: methods)
    }

    /// Checks the text of a configuration; `path` is only for messages.
    public static func parse(
        yaml: String, path: String, overrides: [String] = [], methods: [AdapterMethod] = AdapterMethod.all
    ) throws(ConfigurationError) -> RunConfiguration {
        var root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        for argument in overrides { try root.apply(override: argument) }
        return try RunConfiguration(root, methods: methods)
    }

    init(_ root: ConfigurationNode, methods: [AdapterMethod]) throws(ConfigurationError) {
        do throws(ConfigurationError) {
            try self.init(reading: root, methods: methods)
        } catch {
            throw error.suggesting(from: Self.keyPaths)
        }
    }

    private init(reading root: ConfigurationNode, methods: [AdapterMethod]) throws(ConfigurationError) {
        let reader = try SectionReader(root, of: Self.self, path: "", origin: root.origin)
        self.init()
        try reader.fill(&self, Self.keys)
        try readAdapter(reader, methods: methods)
        try checkBaseFormat(reader)
        try checkChain(reader)
        try checkTask(reader)
        try checkCompander(reader)
        if training.validationEvery != nil, data.validation == nil {
            throw reader.contradiction(
                "training.validation-every", "training.validation-every is set, but there is no data.validation",
                advice: "give data.validation or remove training.validation-every")
        }
    }

    /// What is trained decides whether there is an adapter; the chain decides its first rank.
    private mutating func readAdapter(_ reader: SectionReader, methods: [AdapterMethod]) throws(ConfigurationError) {
        let node = reader.node("adapter")
        let isFull = reader.node("adapter.method")?.text == AdapterMethod.full.name
        if training.trainable == .adapter || isFull {
            adapter = try AdapterSection(
                node, origin: reader.origin, methods: methods, defaultRank: isFull ? nil : chain?.rankSchedule.first)
        }
        if isFull {
            if reader.has("training.trainable"), training.trainable == .adapter {
                throw reader.contradiction(
                    "training.trainable",
                    "training.trainable is adapter, but adapter.method is full, which trains the model itself",
                    advice: "remove one of them")
            }
            training.trainable = .all
            adapter = nil
        } else if training.trainable == .all, node != nil {
            throw reader.contradiction(
                "adapter", "there is an adapter section, but training.trainable is all, which trains the model itself",
                advice: "remove one of them")
        }
    }

    private func checkCompander(_ reader: SectionReader) throws(ConfigurationError) {
        guard training.trainable == .all, training.weightCompander?.parameters == .adapter else { return }
        throw reader.contradiction(
            "training.weight-compander.parameters",
            "training.weight-compander.parameters is adapter, but the model itself is trained and there is no adapter",
            advice: "set it to all, or to head")
    }

    private mutating func checkChain(_ reader: SectionReader) throws(ConfigurationError) {
        guard let chain else { return }
        if training.trainable == .all {
            throw reader.contradiction(
                "chain", "there is a chain section, but training.trainable is all, and a chain is made of adapters",
                advice: "remove one of them")
        }
        if reader.node("chain.preset")?.text == ChainPreset.relora.rawValue, training.schedule.name != .constant,
            !reader.has("training.schedule.minimum-ratio")
        {
            // ReLoRA's lowest learning rate as a fraction of the peak.
            training.schedule.minimumRatio = 0.1
        }
        if case .steps(let steps) = training.length, let misfit = chain.misfit(totalSteps: steps) {
            throw reader.contradiction(
                "chain", "\(misfit.key) is \(misfit.value) in a run of \(steps) steps",
                advice: "give \(misfit.supported)")
        }
        if case .onPlateau = chain.knots, training.validationEvery == nil {
            throw reader.contradiction(
                "chain", "chain.on-plateau watches the validation loss, but training.validation-every is not set",
                advice: "give data.validation and training.validation-every")
        }
    }

    /// Where frozen matrices have another form than float32, there have to be some.
    private func checkBaseFormat(_ reader: SectionReader) throws(ConfigurationError) {
        let key = baseCompute == .int8 ? "base-compute" : "base-storage"
        guard let format = BaseFormat(storage: baseStorage, compute: baseCompute) else {
            throw reader.contradiction(
                key, "base-compute is int8, but base-storage is \(baseStorage.rawValue)",
                advice: "set base-storage to int8 or auto")
        }
        guard format.storage != .float32 else { return }
        let value = "\(key) is \(format.storage.rawValue)"
        if training.trainable == .all {
            throw reader.contradiction(
                key, "\(value), but training.trainable is all, which has no frozen matrices", advice: "remove \(key)")
        }
    }
}
