/// A section whose keys are declared once, in ``keys``.
package protocol ConfigurationSection: Sendable {
    /// In the order of resolved YAML, of messages and of the documentation.
    static var keys: [ConfigurationKey<Self>] { get }
    /// What an empty section means; anything for keys that must be given.
    init()
    /// The rules that join several keys: defaults that follow from others, contradictions.
    mutating func check(_ reader: SectionReader) throws(ConfigurationError)
}

extension ConfigurationSection {
    package mutating func check(_ reader: SectionReader) throws(ConfigurationError) {}

    /// - Parameters:
    ///   - node: nil is an empty section.
    ///   - origin: where an empty section would be.
    package init(_ node: ConfigurationNode?, path: String, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try SectionReader(node, of: Self.self, path: path, origin: origin)
        self.init()
        try reader.fill(&self, Self.keys)
        try check(reader)
    }

    /// The section with its defaults, as resolved YAML has it.
    package var entries: [ConfigurationValue.Entry] {
        Self.keys.compactMap { key in key.write(self).map { .init(key.name, $0) } }
    }

    /// What there is to know about its keys and those of the sections inside.
    package static var descriptions: [KeyDescription] { keys.flatMap { $0.descriptions(defaults: Self()) } }
}
