import CatenaModels
import CatenaPatterns
public import CatenaSchema

/// Which method adapts which layers.
public struct AdapterSection: Sendable, Equatable {
    /// The layers that get an adapter.
    public enum Targets: Sendable, Equatable {
        /// Every linear layer of the blocks.
        case allLinear
        /// Layers with one of these names (`q_proj`) or roles (`role:query`).
        case names([String])
        /// Layers whose full name this regular expression matches.
        case pattern(String)

        /// Layers that are there for one of `roles`, in every family.
        static func roles(_ roles: [Role]) -> Targets { .names(ModuleNames.text(roles)) }
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
    /// Modules of a head that judges sequences to train whole beside the adapter; the classifier always is.
    public var savedModules: [String] = []
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

extension AdapterMethod {
    /// Whether a common key of the section means something to this method.
    func takes(_ key: String) -> Bool {
        // Where everything is trained, nothing is left to train beside it.
        if key == "modules-to-save" { return name != AdapterMethod.full.name }
        return CommonKey(rawValue: key).map(commonKeys.contains) ?? true
    }
}

extension AdapterSection {
    /// The keys that several methods share; the method's own options follow.
    static let keys: [ConfigurationKey<Self>] = [
        .init("method", \.method, .text("the name of a method"), "`catena methods` lists them"),
        .init(
            "rank", \.rank, .wholeNumber(1...WholeNumberLimit.rank), default: "the method's, mostly 8",
            "inner size of the adapter"),
        .init(
            "alpha", \.alpha, .number(.positive), default: "the method's, mostly 2·rank",
            "the update is scaled by alpha / rank, or by the method's own rule"),
        .init(
            "dropout", \.dropout, .number(.belowOne),
            "probability that an input of the adapter is dropped while training"),
        .init(
            "targets", \.targets, .targets, default: "the method's, mostly all-linear",
            page: "configuration.md#regular-expressions",
            "which layers: every linear one, those with these names or roles, or those whose whole module path matches"),
        .init(
            "modules-to-save", \.savedModules,
            .list(of: .text(), "a list of different modules such as [pooler]") { Set($0).count == $0.count },
            default: "the classifier, and what the model's files do not hold", isWritten: { !$0.savedModules.isEmpty },
            "modules of a classification head to train whole beside the adapter, as the classifier is"),
        .init(
            "init", \.initialAdapter, .path("the folder of an adapter"),
            page: "configuration.md#adapters-of-other-programs", "adapter folder with the first values"),
    ]

    package static let descriptions = keys.flatMap { $0.descriptions(defaults: Self()) }

    /// - Parameter defaultRank: the rank where the section does not give one.
    package init(
        _ node: ConfigurationNode?, origin: ConfigurationOrigin, methods: [AdapterMethod], defaultRank: Int? = nil
    ) throws(ConfigurationError) {
        let chosen = try Self.method(node, origin: origin, methods: methods)
        let reader = try SectionReader(
            node, path: "adapter", origin: origin, known: Self.keys.map(\.name) + chosen.options.map(\.name))
        try Self.requireMeaning(reader, chosen)
        self = chosen.defaultSection
        rank = defaultRank ?? rank
        try reader.fill(&self, Self.keys)
        if let defaultRank, rank != defaultRank {
            throw reader.contradiction(
                "rank", "adapter.rank is \(rank), but chain.rank-schedule begins with \(defaultRank)",
                advice: "remove adapter.rank, or make them equal")
        }
        if !reader.has("alpha") { alpha = chosen.defaultAlpha(rank) }
        for (index, option) in chosen.options.enumerated() {
            if let value = try reader.value(option.name, option.kind.values) { options[index].value = value }
        }
    }

    /// The method that the section names, which decides the other keys.
    private static func method(
        _ node: ConfigurationNode?, origin: ConfigurationOrigin, methods: [AdapterMethod]
    ) throws(ConfigurationError) -> AdapterMethod {
        let reader = try SectionReader(node, path: "adapter", origin: origin, known: nil)
        let name = try reader.value("method", .text("the name of a method")) ?? AdapterMethod.lora.name
        if let method = methods.first(where: { $0.name == name }) { return method }
        let names = methods.map(\.name)
        guard let node = reader.node("method") else {
            throw .missingKey(origin: reader.origin, keyPath: "adapter.method", expected: choices(names))
        }
        throw .invalid(node, "adapter.method", expected: choices(names), advice: nearest(node, names))
    }

    /// Refuses common keys that the method does not take.
    private static func requireMeaning(_ reader: SectionReader, _ method: AdapterMethod) throws(ConfigurationError) {
        for key in Self.keys.map(\.name) where reader.has(key) && !method.takes(key) {
            let known = Self.keys.map(\.name).filter(method.takes)
            throw reader.contradiction(
                key, "adapter.\(key) means nothing to the method \(method.name)",
                advice: "remove it; \(method.name) takes "
                    + (known + method.options.map(\.name)).joined(separator: ", "))
        }
    }

    /// All keys that the method takes, in the order of the documentation.
    public var entries: [ConfigurationValue.Entry] {
        let known = AdapterMethod.all.first { $0.name == method }
        return Self.keys.compactMap { key in
            known?.takes(key.name) == false ? nil : key.write(self).map { .init(key.name, $0) }
        } + options
    }
}

extension ValueKind where Value == AdapterSection.Targets {
    fileprivate static let targets = ValueKind(
        summary: "all-linear, a list such as [q_proj, v_proj] or [role:query], or a regular expression",
        read: { node, path throws(ConfigurationError) in try Value(node, path) },
        write: { targets in
            switch targets {
            case .allLinear: .text("all-linear")
            case .names(let names): .list(names.map { .text($0) })
            case .pattern(let pattern): .text(pattern)
            }
        })
}

extension AdapterSection.Targets {
    fileprivate init(_ node: ConfigurationNode, _ keyPath: String) throws(ConfigurationError) {
        let expected = ValueKind<Self>.targets.summary
        switch node.content {
        case .section:
            throw .invalid(node, keyPath, expected: expected)
        case .list(let elements):
            var names: [String] = []
            for element in elements {
                guard let name = element.text, !name.isEmpty, !names.contains(name) else {
                    throw .invalid(element, keyPath, expected: "a list of different layer names")
                }
                if let fault = ModuleNames.fault(name) {
                    throw .invalid(element, keyPath, expected: "the name of a layer or role:NAME", advice: fault)
                }
                names.append(name)
            }
            guard !names.isEmpty else {
                throw .invalid(node, keyPath, expected: "at least one layer name")
            }
            self = .names(names)
        case .scalar:
            guard let text = node.text, !text.isEmpty else { throw .invalid(node, keyPath, expected: expected) }
            if text == "all-linear" {
                self = .allLinear
                return
            }
            do throws(RegularExpressionError) {
                _ = try RegularExpression(text)
            } catch {
                throw .invalid(node, keyPath, expected: expected, advice: "as a regular expression it has \(error)")
            }
            self = .pattern(text)
        }
    }
}
