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

extension RunConfiguration {
    /// Key paths (or whole sections) that a resumed run may change without becoming another run: how long it is, how it is
    /// spread and reported, and what is only measured.
    public static let mayDifferOnResume = [
        "data.validation", "data.cache", "training.steps", "training.epochs", "training.validation-every",
        "training.recompute", "distributed", "checkpoint", "log", "output",
    ]

    /// The keys on which this configuration (first) differs from `other` (second), in the order of the file.
    public func differences(
        from other: RunConfiguration, ignoring: [String] = mayDifferOnResume
    ) -> [ConfigurationDifference] {
        let mine = Self.leaves(of: resolved, ignoring: ignoring)
        let theirs = Self.leaves(of: other.resolved, ignoring: ignoring)
        let added = theirs.filter { leaf in !mine.contains { $0.keyPath == leaf.keyPath } }
        return (mine.map(\.keyPath) + added.map(\.keyPath)).compactMap { keyPath in
            let first = mine.first { $0.keyPath == keyPath }?.text
            let second = theirs.first { $0.keyPath == keyPath }?.text
            return first == second
                ? nil : ConfigurationDifference(keyPath: keyPath, first: first, second: second)
        }
    }

    /// The values that are not sections, with their full key paths.
    static func leaves(
        of value: ConfigurationValue, at path: String = "", ignoring: [String]
    ) -> [(keyPath: String, text: String)] {
        if ignoring.contains(path) { return [] }
        guard case .section(let entries) = value else { return [(path, value.inlineYAML)] }
        return entries.flatMap { entry in
            leaves(of: entry.value, at: path.isEmpty ? entry.key : "\(path).\(entry.key)", ignoring: ignoring)
        }
    }
}
