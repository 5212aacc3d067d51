import CatenaFiles
import CatenaModels
import CatenaPatterns
import CatenaSchema

/// Which modules an option means: names that paths end with, roles, or a regular expression that whole paths match.
struct ModulePattern {
    private let modules: ModuleNames
    private let expression: RegularExpression?

    /// nil unless `value` is a list of one or more names or a regular expression.
    init?(_ value: ConfigurationValue) {
        switch value {
        case .text(let pattern):
            guard let expression = try? RegularExpression(pattern) else { return nil }
            (modules, self.expression) = (ModuleNames([]), expression)
        case .list(let values):
            let texts = values.compactMap(\.text)
            guard !texts.isEmpty, texts.count == values.count, texts.allSatisfy({ ModuleNames.fault($0) == nil }) else {
                return nil
            }
            (modules, expression) = (ModuleNames(texts), nil)
        default:
            return nil
        }
    }

    /// Whether a module is meant that has no role.
    func matches(_ path: String) -> Bool {
        expression?.matchesWhole(path) ?? modules.names.contains { ModuleNames.path(path, endsWith: $0) }
    }

    func matches(_ linear: Linear) -> Bool { expression?.matchesWhole(linear.path) ?? modules.matches(linear) }
}

extension JSONDocument {
    /// The value of an option of kind ``AdapterOption/Kind/modules`` from PEFT's form of one: a string or an array of strings.
    func modules() throws -> ConfigurationValue {
        if value.stringValue != nil { return .text(try regularExpression()) }
        return .list(try strings().sorted().map { .text($0) })
    }
}
