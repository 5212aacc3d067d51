import CatenaSchema

/// One key on which two configurations differ; nil where a configuration does not have the key.
public struct ConfigurationDifference: Sendable, Equatable, CustomStringConvertible {
    /// Keys from the root, joined by points.
    public let keyPath: String
    /// The value in the configuration that was asked; nil where it does not have the key.
    public let first: String?
    /// The value in the configuration that it was compared with.
    public let second: String?

    /// `key: value against value`.
    public var description: String { "\(keyPath): \(first ?? "absent") against \(second ?? "absent")" }
}

extension ConfigurationDifference {
    /// The keys on which two lists of values differ, those of the first before those that only the second has.
    static func between(_ mine: [Leaf], _ theirs: [Leaf]) -> [ConfigurationDifference] {
        let added = theirs.filter { leaf in !mine.contains { $0.keyPath == leaf.keyPath } }
        return (mine + added).compactMap { leaf in
            let first = mine.first { $0.keyPath == leaf.keyPath }?.text
            let second = theirs.first { $0.keyPath == leaf.keyPath }?.text
            return first == second
                ? nil : ConfigurationDifference(keyPath: leaf.keyPath, first: first, second: second)
        }
    }

    /// A value that is no section, with its full key path.
    typealias Leaf = (keyPath: String, text: String)
}

extension RunConfiguration {
    /// The keys on which this configuration (first) differs from `other` (second), in the order of the file.
    public func differences(
        from other: RunConfiguration, ignoring: [String] = mayDifferOnResume
    ) -> [ConfigurationDifference] {
        ConfigurationDifference.between(
            Self.leaves(of: resolved, ignoring: ignoring), Self.leaves(of: other.resolved, ignoring: ignoring))
    }

    /// The values that are not sections, with their full key paths.
    static func leaves(
        of value: ConfigurationValue, at path: String = "", ignoring: [String]
    ) -> [ConfigurationDifference.Leaf] {
        if ignoring.contains(path) { return [] }
        guard case .section(let entries) = value else { return [(path, value.inlineYAML)] }
        return entries.flatMap { entry in
            leaves(of: entry.value, at: path.isEmpty ? entry.key : "\(path).\(entry.key)", ignoring: ignoring)
        }
    }
}
