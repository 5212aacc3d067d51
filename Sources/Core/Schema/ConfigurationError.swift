/// Where a configuration value came from, for messages.
public enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    case file(path: String, line: Int, column: Int)
    /// An argument of `--set`.
    case override(String)

    /// As messages begin: `file:line:column`, or the argument.
    public var description: String {
        switch self {
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .override(let argument): "--set \(argument)"
        }
    }
}

/// Why a configuration was refused. The command exits with `exitCode`.
public enum ConfigurationError: Error, Equatable, Sendable {
    case unreadable(path: String, reason: String)
    case invalidSyntax(origin: ConfigurationOrigin, problem: String)
    case duplicateKey(origin: ConfigurationOrigin, key: String)
    /// `suggestion` is the key path the user probably meant; `known` are the keys of that section.
    case unknownKey(origin: ConfigurationOrigin, keyPath: String, suggestion: String?, known: [String])
    /// A question about a key that no configuration has.
    case noSuchKey(String, suggestion: String?)
    case missingKey(origin: ConfigurationOrigin, keyPath: String, expected: String)
    case invalidValue(
        origin: ConfigurationOrigin, keyPath: String, expected: String, found: String, advice: String?)
    /// Two or more values that are each fine and cannot be meant together.
    case contradiction(origin: ConfigurationOrigin, problem: String, advice: String)
    case invalidOverride(argument: String, problem: String)

    /// Wrong usage or configuration.
    public static let exitCode: Int32 = 2
}

extension ConfigurationError: CustomStringConvertible {
    /// Where, what was expected, what came, what to do.
    /// The same, with the one of `keyPaths` that ends like an unknown key which resembles none of its section.
    package func suggesting(from keyPaths: [String]) -> ConfigurationError {
        guard case .unknownKey(let origin, let keyPath, nil, let known) = self,
            let key = keyPath.split(separator: ".").last
        else { return self }
        let elsewhere = keyPaths.first { $0.hasSuffix(".\(key)") || $0 == key }
        return .unknownKey(origin: origin, keyPath: keyPath, suggestion: elsewhere, known: known)
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "configuration file \(path) cannot be read: \(reason)."
        case .invalidSyntax(let origin, let problem):
            "\(origin): expected YAML, but \(problem)."
        case .duplicateKey(let origin, let key):
            "\(origin): the key \"\(key)\" occurs twice in one section; keep one of them."
        case .unknownKey(let origin, let keyPath, let suggestion, let known):
            "\(origin): unknown key \"\(keyPath)\"; "
                + (suggestion.map { "did you mean \"\($0)\"? Known here: " } ?? "known here: ")
                + known.joined(separator: ", ") + "."
        case .noSuchKey(let key, let suggestion):
            "there is no key \"\(key)\""
                + (suggestion.map { "; did you mean \"\($0)\"?" }
                    ?? "; catena config lists the keys, catena methods NAME a method's own.")
        case .missingKey(let origin, let keyPath, let expected):
            "\(origin): the key \"\(keyPath)\" is missing; give \(expected)."
        case .invalidValue(let origin, let keyPath, let expected, let found, let advice):
            "\(origin): \(keyPath): expected \(expected), but got \(found)" + Self.ending(advice)
        case .contradiction(let origin, let problem, let advice):
            "\(origin): \(problem); \(advice)."
        case .invalidOverride(let argument, let problem):
            "--set \(argument): \(problem); write --set section.key=value, for example --set training.steps=100."
        }
    }

    private static func ending(_ advice: String?) -> String {
        guard let advice else { return "." }
        return advice.hasSuffix("?") ? "; \(advice)" : "; \(advice)."
    }
}
