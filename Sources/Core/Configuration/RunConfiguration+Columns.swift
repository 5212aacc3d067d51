import CatenaFiles

extension RunConfiguration.DataSection {
    /// `columns: {prompt: question}`: keys of the forms of data and the columns that stand for them.
    static func columns<Key: ConfigurationKey>(
        _ reader: SectionReader<Key>, _ key: Key
    ) throws(ConfigurationError) -> [Column] {
        guard let node = reader.node(key), !node.isNothing else { return [] }
        let path = reader.keyPath(key.rawValue)
        guard case .section(let entries) = node.content else {
            throw reader.invalid(key, node, expected: "a section such as {prompt: question, completion: answer}")
        }
        var columns: [Column] = []
        for entry in entries {
            guard DataKeys.ofColumns.contains(entry.key) else {
                throw reader.unknownKey(entry, in: key, known: DataKeys.ofColumns)
            }
            guard let name = entry.node.text, !name.isEmpty else {
                throw .invalidValue(
                    origin: entry.node.origin, keyPath: "\(path).\(entry.key)", expected: "the name of a column",
                    found: entry.node.found, advice: nil)
            }
            if let other = columns.first(where: { $0.name == name }) {
                throw .contradiction(
                    origin: entry.node.origin,
                    problem: "\(path) gives the column \"\(name)\" to \(other.key) and to \(entry.key)",
                    advice: "give each key a column of its own")
            }
            columns.append(Column(key: entry.key, name: name))
        }
        return columns
    }
}

extension SectionReader {
    /// The error for a key inside the section of `key`.
    fileprivate func unknownKey(
        _ entry: ConfigurationNode.Entry, in key: Key, known: [String]
    ) -> ConfigurationError {
        .unknownKey(
            origin: entry.keyOrigin, keyPath: "\(keyPath(key.rawValue)).\(entry.key)",
            suggestion: NearestName.matches(for: entry.key, among: known, limit: 1).first.map {
                "\(keyPath(key.rawValue)).\($0)"
            }, known: known)
    }
}
