import CatenaFiles

/// Reads one section strictly: only known keys; each failure names place and remedy.
///
/// Keys of sections inside are asked for with points: `schedule.warmup-steps`.
package struct SectionReader {
    package let path: String
    package let origin: ConfigurationOrigin
    private let node: ConfigurationNode?
    private let known: [String]?

    /// - Parameters:
    ///   - node: nil or nothing is an empty section.
    ///   - known: every key that the section may have; nil lets any pass.
    package init(
        _ node: ConfigurationNode?, path: String, origin: ConfigurationOrigin, known: [String]?
    ) throws(ConfigurationError) {
        (self.path, self.origin, self.node, self.known) = (path, node?.origin ?? origin, node, known)
        guard let node, !node.isNothing else { return }
        guard case .section(let entries) = node.content else {
            throw .invalidValue(
                origin: node.origin, keyPath: path.isEmpty ? "the configuration" : path,
                expected: "a section (key: value lines)", found: node.found, advice: nil)
        }
        guard let known, let entry = entries.first(where: { !known.contains($0.key) }) else { return }
        let nearest = NearestName.matches(for: entry.key, among: known, limit: 1).first.map(keyPath)
        throw .unknownKey(origin: entry.keyOrigin, keyPath: keyPath(entry.key), suggestion: nearest, known: known)
    }

    /// A reader of the keys that `section` declares.
    package init<Section: ConfigurationSection>(
        _ node: ConfigurationNode?, of section: Section.Type, path: String, origin: ConfigurationOrigin
    ) throws(ConfigurationError) {
        try self.init(node, path: path, origin: origin, known: section.keys.map(\.name))
    }

    package func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func entry(_ key: String) -> ConfigurationNode.Entry? {
        let parts = key.split(separator: ".").map(String.init)
        assert(known?.contains(parts[0]) ?? true, "\(keyPath(key)) is asked for, but no known key")
        var entry: ConfigurationNode.Entry?
        var section = node
        for part in parts {
            entry = section?.entries.first { $0.key == part }
            section = entry?.node
        }
        return entry
    }

    package func node(_ key: String) -> ConfigurationNode? { entry(key)?.node }

    package func has(_ key: String) -> Bool { entry(key) != nil }

    /// The place of a key, or of the section when it does not have the key.
    package func place(_ key: String) -> ConfigurationOrigin { entry(key)?.keyOrigin ?? origin }

    /// The value of a key; nil when the section does not have it.
    package func value<Value>(_ key: String, _ kind: ValueKind<Value>) throws(ConfigurationError) -> Value? {
        guard let node = node(key) else { return nil }
        return try kind.read(node, keyPath(key))
    }

    /// Reads each of `keys` that is there into `section`.
    package func fill<Section>(
        _ section: inout Section, _ keys: [ConfigurationKey<Section>]
    ) throws(ConfigurationError) {
        for key in keys { try key.read(self, &section) }
    }

    /// The error for a value of `key` that is fine by itself and cannot be meant together with others.
    package func contradiction(_ key: String, _ problem: String, advice: String) -> ConfigurationError {
        .contradiction(origin: place(key), problem: problem, advice: advice)
    }

    /// The value, or the error that says that this key must be there.
    package func required<Value>(_ value: Value?, _ key: String, expected: String) throws(ConfigurationError) -> Value {
        guard let value else {
            throw .missingKey(origin: origin, keyPath: keyPath(key), expected: expected)
        }
        return value
    }
}

extension ConfigurationError {
    /// The error for a value that is not of its key's kind.
    package static func invalid(
        _ node: ConfigurationNode, _ keyPath: String, expected: String, advice: String? = nil
    ) -> ConfigurationError {
        .invalidValue(
            origin: node.origin, keyPath: keyPath, expected: expected, found: node.found,
            advice: advice ?? (node.isNothing ? "give a value or remove the key" : nil))
    }
}
