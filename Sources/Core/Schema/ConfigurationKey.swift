/// One key of a section, declared once: reading, resolved YAML, what a resumed run may change, `catena config` and the table
/// of the documentation come from here.
package struct ConfigurationKey<Section>: Sendable {
    /// In kebab case.
    package let name: String
    /// Reads the key into the section, if it is there.
    package let read: @Sendable (SectionReader, inout Section) throws(ConfigurationError) -> Void
    /// What the section holds; nil if the key is not written for it.
    package let write: @Sendable (Section) -> ConfigurationValue?
    /// What the section holds, whether it is written or not.
    private let value: @Sendable (Section) -> ConfigurationValue?
    /// The key without its default where that comes from the section, and the keys inside.
    private let description: KeyDescription
    private let inner: [KeyDescription]

    /// - Parameters:
    ///   - property: where the value is kept.
    ///   - required: what to give for a key that must be there.
    ///   - defaultText: what an absent key stands for, where that is no fixed value.
    ///   - mayChange: whether a resumed run may have another value and is still the same run.
    ///   - page: the page of the documentation with more about it.
    ///   - isWritten: whether resolved YAML has the key.
    ///   - meaning: one line.
    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Section, Value> & Sendable, _ kind: ValueKind<Value>,
        required: String? = nil, default defaultText: String? = nil, mayChange: Bool = false, page: String? = nil,
        isWritten: @escaping @Sendable (Section) -> Bool = { _ in true }, _ meaning: String
    ) {
        self.name = name
        read = { reader, section throws(ConfigurationError) in
            // The errors of a section inside that has no line of its own name this one.
            let absent = ConfigurationNode(origin: reader.origin, content: .section([]))
            if let node = reader.node(name) ?? (kind.readsAbsent ? absent : nil) {
                section[keyPath: property] = try kind.read(node, reader.keyPath(name))
            } else if let required {
                throw .missingKey(origin: reader.origin, keyPath: reader.keyPath(name), expected: required)
            }
        }
        value = { kind.write($0[keyPath: property]) }
        write = { isWritten($0) ? kind.write($0[keyPath: property]) : nil }
        inner = kind.keys
        description = KeyDescription(
            path: name, values: kind.summary, defaultText: defaultText, isRequired: required != nil, meaning: meaning,
            mayChangeOnResume: mayChange, page: page)
    }

    /// A key that may be absent, or a word in its place; both stand for nil.
    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Section, Value?> & Sendable, _ kind: ValueKind<Value>,
        or word: String? = nil, default defaultText: String? = nil, mayChange: Bool = false, page: String? = nil,
        isWritten: @escaping @Sendable (Section) -> Bool = { _ in true }, _ meaning: String
    ) {
        self.init(
            name, property, word.map(kind.or) ?? kind.optional, default: defaultText, mayChange: mayChange, page: page,
            isWritten: isWritten, meaning)
    }

    /// The key and those inside it; the default is what `defaults` holds.
    package func descriptions(defaults: Section) -> [KeyDescription] {
        var own = description
        if own.defaultText == nil, !own.isRequired, let value = value(defaults) {
            if case .section = value {} else { own.defaultText = value.inlineYAML }
        }
        return [own] + inner.map { $0.inside(own) }
    }
}
