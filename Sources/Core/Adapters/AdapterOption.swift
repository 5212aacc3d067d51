public import CatenaSchema

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

extension AdapterOption.Kind {
    /// How such a value is written.
    var values: ValueKind<ConfigurationValue> {
        switch self {
        case .boolean: ValueKind.flag.untyped
        case .integer(let least, let most): ValueKind.wholeNumber(least...most).untyped
        case .integerOr(let word, let least, let most): ValueKind.wholeNumber(least...most).or(word).untyped
        case .number(let bound): ValueKind.number(.above(bound)).untyped
        case .numberAtLeast(let bound): ValueKind.number(NumberBounds(lower: bound)).untyped
        case .fraction: ValueKind.number(.fraction).untyped
        case .choice(let names): ValueKind.choice(of: names).untyped
        case .text: ValueKind("text", write: { .text($0) }, accept: \.text).untyped
        case .modules:
            ValueKind(
                "a list of module names, or a regular expression that their whole paths match", write: { $0 },
                accept: { node in node.isNothing || ModulePattern(node.value) == nil ? nil : node.value })
        case .any: ValueKind("a value", write: { $0 }, accept: { $0.isNothing ? nil : $0.value })
        }
    }
}
