package import CatenaFiles
import CatenaSchema

extension AdapterSection {
    /// The section as the value of a JSON member.
    package var json: JSONValue {
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
