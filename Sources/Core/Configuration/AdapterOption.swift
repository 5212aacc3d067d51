import CatenaFiles

/// An option that an adapter method takes beside the common keys of the `adapter` section.
///
/// A method lists its options once; the configuration then checks type and range where the user wrote the value, fills in
/// defaults and suggests near names.
public struct AdapterOption: Sendable, Equatable {
    /// Which values the option takes.
    public enum Kind: Sendable, Equatable {
        case boolean
        case integer(atLeast: Int, atMost: Int = WholeNumberLimit.count)
        /// A whole number, or a word that stands for one.
        case integerOr(String, atLeast: Int, atMost: Int = WholeNumberLimit.count)
        /// A finite number; `above` excludes its bound.
        case number(above: Double)
        case numberAtLeast(Double)
        /// A number above 0 and below 1.
        case fraction
        case choice([String])
        case text
        /// A list of names of modules, or a regular expression that their whole paths match.
        case modules
        /// Taken as it is; the method checks it.
        case any
    }

    /// In kebab case.
    public let name: String
    /// Which values the option takes.
    public let kind: Kind
    /// What the option is when a configuration does not give it.
    public let defaultValue: ConfigurationValue
    /// One line for `catena methods`.
    public let summary: String

    /// Describes an option; `defaultValue` must be one that `kind` accepts.
    public init(_ name: String, _ kind: Kind, default defaultValue: ConfigurationValue, summary: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }
}

extension AdapterOption {
    func value(from node: ConfigurationNode?, keyPath: String) throws(ConfigurationError)
        -> ConfigurationValue
    {
        guard let node else { return defaultValue }
        if let value = accepted(node) { return value }
        var advice: String?
        if case .choice(let names) = kind, let text = node.text {
            advice = NearestName.matches(for: text, among: names, limit: 1).first.map {
                "did you mean \($0)?"
            }
        }
        throw .invalidValue(
            origin: node.origin, keyPath: keyPath, expected: expected(node), found: node.found, advice: advice)
    }

    private func accepted(_ node: ConfigurationNode) -> ConfigurationValue? {
        switch kind {
        case .boolean: node.boolean.map { .boolean($0) }
        case .integer(let least, let most): node.integer(least...most).map { .integer($0) }
        case .integerOr(let word, let least, let most):
            node.text == word ? .text(word) : node.integer(least...most).map { .integer($0) }
        case .fraction: node.number.flatMap { Self.fractionBounds.contains($0) ? .number($0) : nil }
        case .number(let bound): node.number.flatMap { Self.above(bound).contains($0) ? .number($0) : nil }
        case .numberAtLeast(let bound):
            node.number.flatMap { NumberBounds(lower: bound).contains($0) ? .number($0) : nil }
        case .choice(let names): node.text.flatMap { names.contains($0) ? .text($0) : nil }
        case .text: node.text.map { .text($0) }
        case .modules: node.isNothing ? nil : ModulePattern(node.value).map { _ in node.value }
        case .any: node.isNothing ? nil : node.value
        }
    }

    private func expected(_ node: ConfigurationNode) -> String {
        switch kind {
        case .boolean: "true or false"
        case .integer(let least, let most): WholeNumberLimit.expected(least...most, found: node.integer)
        case .integerOr(let word, let least, let most):
            WholeNumberLimit.expected(least...most, found: node.integer) + ", or \(word)"
        case .fraction: Self.fractionBounds.expected(found: node.number)
        case .number(let bound): Self.above(bound).expected(found: node.number)
        case .numberAtLeast(let bound): NumberBounds(lower: bound).expected(found: node.number)
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .text: "text"
        case .modules: "a list of module names, or a regular expression that their whole paths match"
        case .any: "a value"
        }
    }

    private static func above(_ bound: Double) -> NumberBounds { NumberBounds(lower: bound, lowerIncluded: false) }

    private static let fractionBounds = NumberBounds(lower: 0, lowerIncluded: false, upper: 1, upperIncluded: false)
}
