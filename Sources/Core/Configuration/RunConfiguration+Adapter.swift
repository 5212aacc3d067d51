import CatenaPatterns

extension RunConfiguration {
    /// Which method adapts which layers.
    public struct AdapterSection: Sendable, Equatable {
        /// The layers that get an adapter.
        public enum Targets: Sendable, Equatable {
            /// Every linear layer of the blocks.
            case allLinear
            /// Layers with one of these names (`q_proj`).
            case names([String])
            /// Layers whose full name this regular expression matches.
            case pattern(String)
        }

        /// A registry name.
        public var method = "lora"
        /// Inner size of the adapter, at least 1.
        public var rank = 8
        /// The update is scaled by alpha / rank (or by the method's own rule). Default: twice the rank.
        public var alpha = 16.0
        /// Probability that an input of the adapter is dropped while training, 0 ..< 1.
        public var dropout = 0.0
        /// Where adapters go.
        public var targets = Targets.allLinear
        /// A PEFT adapter folder to start from.
        public var initialAdapter: String?
        /// Whether the rank may be above a layer's smaller side, as in files that hold several adapters as one.
        var allowsExcessRank = false
        /// Ranks and alphas of single layers, which only files of other programs give.
        var patterns = LayerPatterns()
        /// The method's own options, complete with defaults, in the order in which the method lists them.
        public var options: [ConfigurationValue.Entry] = []

        /// LoRA of rank 8 on every linear layer.
        public init() {
            options = AdapterMethod.lora.options.map { .init($0.name, $0.defaultValue) }
        }

        /// The value of a method option; nil when the method has no such option.
        public func option(_ name: String) -> ConfigurationValue? {
            options.first { $0.key == name }?.value
        }

        /// Changes the value of an option that the method has.
        mutating func set(_ name: String, _ value: ConfigurationValue) {
            if let index = options.firstIndex(where: { $0.key == name }) { options[index].value = value }
        }
    }

    enum AdapterKey: String, ConfigurationKey {
        case method, rank, alpha, dropout, targets, initialAdapter = "init"
    }
}

extension AdapterMethod {
    /// Whether a common key of the section means something to this method.
    func takes(_ key: RunConfiguration.AdapterKey) -> Bool {
        switch key {
        case .method: true
        case .rank: commonKeys.contains(.rank)
        case .alpha: commonKeys.contains(.alpha)
        case .dropout: commonKeys.contains(.dropout)
        case .targets: commonKeys.contains(.targets)
        case .initialAdapter: commonKeys.contains(.initial)
        }
    }
}

extension RunConfiguration.AdapterSection {
    /// - Parameter defaultRank: the rank where the section does not give one.
    init(
        _ node: ConfigurationNode?, origin: ConfigurationOrigin, methods: [AdapterMethod], defaultRank: Int? = nil
    ) throws(ConfigurationError) {
        self.init()
        // The method decides which keys are known, so it is read first, from a reader that lets every key pass.
        let open = try SectionReader<RunConfiguration.AdapterKey>(
            node, path: "adapter", origin: origin, extraKeys: nil)
        method = try open.text(.method, expected: "the name of a method") ?? method
        guard let chosen = methods.first(where: { $0.name == method }) else {
            let names = methods.map(\.name)
            guard let methodNode = open.node(.method) else {
                throw .missingKey(
                    origin: open.origin, keyPath: "adapter.method", expected: open.choices(names))
            }
            throw open.invalid(
                .method, methodNode, expected: open.choices(names), advice: open.nearest(methodNode, names))
        }
        let reader = try SectionReader<RunConfiguration.AdapterKey>(
            node, path: "adapter", origin: origin, extraKeys: chosen.options.map(\.name))
        try Self.requireMeaning(reader, chosen)
        rank = try reader.integer(.rank, atMost: WholeNumberLimit.rank) ?? defaultRank ?? chosen.defaultRank
        if let defaultRank, rank != defaultRank {
            throw .contradiction(
                origin: reader.place(.rank),
                problem: "adapter.rank is \(rank), but chain.rank-schedule begins with \(defaultRank)",
                advice: "remove adapter.rank, or make them equal")
        }
        alpha = try reader.number(.alpha, .positive) ?? chosen.defaultAlpha(rank)
        dropout = try reader.number(.dropout, .belowOne) ?? dropout
        targets = try reader.has(.targets) ? Self.targets(reader) : chosen.defaultTargets
        initialAdapter = try reader.path(.initialAdapter, expected: "the folder of an adapter")
        options = []
        for option in chosen.options {
            let entry = reader.unclaimed.first { $0.key == option.name }
            options.append(
                .init(option.name, try option.value(from: entry?.node, keyPath: "adapter.\(option.name)")))
        }
    }

    /// Whether the section names the method `full`, the other spelling of `training.trainable: all`.
    static func trainsAll(
        _ node: ConfigurationNode?, training: ConfigurationNode?, origin: ConfigurationOrigin, methods: [AdapterMethod]
    ) throws(ConfigurationError) -> Bool {
        let reader = try SectionReader<RunConfiguration.AdapterKey>(
            node, path: "adapter", origin: origin, extraKeys: nil)
        guard reader.node(.method)?.text == AdapterMethod.full.name else { return false }
        _ = try Self(node, origin: origin, methods: methods)
        let other = try SectionReader<RunConfiguration.TrainingKey>(training, path: "training", origin: origin)
        if let trainable = other.node(.trainable), trainable.text == "adapter" {
            throw .contradiction(
                origin: trainable.origin,
                problem: "training.trainable is adapter, but adapter.method is full, which trains the model itself",
                advice: "remove one of them")
        }
        return true
    }

    /// Refuses common keys that the method does not take.
    private static func requireMeaning(
        _ reader: SectionReader<RunConfiguration.AdapterKey>, _ method: AdapterMethod
    ) throws(ConfigurationError) {
        for key in RunConfiguration.AdapterKey.allCases where reader.has(key) && !method.takes(key) {
            let known = RunConfiguration.AdapterKey.allCases.filter(method.takes).map(\.rawValue)
            throw .contradiction(
                origin: reader.place(key),
                problem: "adapter.\(key.rawValue) means nothing to the method \(method.name)",
                advice: "remove it; \(method.name) takes "
                    + (known + method.options.map(\.name)).joined(separator: ", "))
        }
    }

    private static func targets(_ reader: SectionReader<RunConfiguration.AdapterKey>)
        throws(ConfigurationError) -> Targets
    {
        guard let node = reader.node(.targets) else { return .allLinear }
        let expected = "all-linear, a list of layer names such as [q_proj, v_proj], or a regular expression"
        switch node.content {
        case .section:
            throw reader.invalid(.targets, node, expected: expected)
        case .list(let elements):
            var names: [String] = []
            for element in elements {
                guard let name = element.text, !name.isEmpty, !names.contains(name) else {
                    throw reader.invalid(.targets, element, expected: "a list of different layer names")
                }
                names.append(name)
            }
            guard !names.isEmpty else {
                throw reader.invalid(.targets, node, expected: "at least one layer name")
            }
            return .names(names)
        case .scalar:
            guard let text = node.text, !text.isEmpty else {
                throw reader.invalid(.targets, node, expected: expected)
            }
            if text == "all-linear" { return .allLinear }
            do throws(RegularExpressionError) {
                _ = try RegularExpression(text)
            } catch {
                throw reader.invalid(
                    .targets, node, expected: expected, advice: "as a regular expression it has \(error)")
            }
            return .pattern(text)
        }
    }
}
