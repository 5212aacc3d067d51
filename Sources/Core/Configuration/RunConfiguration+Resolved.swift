public import CatenaFiles
import Crypto

extension RunConfiguration {
    /// The complete configuration, defaults included, as a tree in the order of the documentation.
    public var resolved: ConfigurationValue { .section(entries) }

    /// YAML that parses back to an equal configuration; the same configuration always gives the same bytes.
    public var resolvedYAML: String { resolved.blockYAML() }

    /// SHA-256 in hexadecimal of the resolved configuration without the key paths of `ignoring` (whole sections included).
    ///
    /// Ranks compare `fingerprint(ignoring: [])`; a checkpoint keeps `fingerprint()`.
    public func fingerprint(ignoring: [String] = mayDifferOnResume) -> String {
        let text = Self.leaves(of: resolved, ignoring: ignoring).map { "\($0.keyPath): \($0.text)\n" }
            .joined()
        return SHA256.hexadecimal(of: Array(text.utf8))
    }
}

extension RunConfiguration.AdapterSection {
    /// The section as the value of a JSON member.
    public var json: JSONValue {
        .object(JSONObject(entries.map { ($0.key, $0.value.jsonValue) }))
    }

    /// Reads what ``json`` wrote, as strictly as a run's configuration.
    init(json: JSONDocument) throws {
        let node = try ConfigurationNode.parse(yaml: json.value.compactText()) { _, _ in
            .file(path: json.path, line: 1, column: 1)
        }
        try self.init(node, origin: node.origin, methods: AdapterMethod.all)
    }
}

extension ConfigurationValue {
    /// The same as JSON.
    fileprivate var jsonValue: JSONValue {
        switch self {
        case .boolean(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .shortest(value)
        case .text(let value): .string(value)
        case .list(let values): .array(values.map(\.jsonValue))
        case .section(let entries):
            .object(JSONObject(entries.map { ($0.key, $0.value.jsonValue) }))
        }
    }
}
