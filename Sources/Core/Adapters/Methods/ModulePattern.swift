import CatenaFiles
import CatenaPatterns
import CatenaSchema

/// Which modules an option means: names that paths end with, or a regular expression that whole paths match.
struct ModulePattern {
    private let names: [String]
    private let expression: RegularExpression?

    /// nil unless `value` is a list of one or more names or a regular expression.
    init?(_ value: ConfigurationValue) {
        switch value {
        case .text(let pattern):
            guard let expression = try? RegularExpression(pattern) else { return nil }
            (names, self.expression) = ([], expression)
        case .list(let values):
            let texts = values.compactMap(\.text)
            guard !texts.isEmpty, texts.count == values.count else { return nil }
            (names, expression) = (texts, nil)
        default:
            return nil
        }
    }

    /// As in PEFT's `target_modules`.
    func matches(_ path: String) -> Bool {
        if let expression { return expression.matchesWhole(path) }
        return names.contains { path == $0 || path.hasSuffix("." + $0) }
    }
}

extension JSONDocument {
    /// The value of an option of kind ``AdapterOption/Kind/modules`` from PEFT's form of one: a string or an array of strings.
    func modules() throws -> ConfigurationValue {
        if value.stringValue != nil { return .text(try regularExpression()) }
        return .list(try strings().sorted().map { .text($0) })
    }
}
