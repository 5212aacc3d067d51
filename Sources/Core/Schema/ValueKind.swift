/// What a key takes: in words, from where it is written, and back to what resolved YAML holds.
package struct ValueKind<Value>: Sendable {
    package typealias Read =
        @Sendable (_ node: ConfigurationNode, _ keyPath: String) throws(ConfigurationError) -> Value

    /// In the list of keys, such as `a whole number of at least 1`.
    package var summary: String
    /// The value, or the error that names `keyPath`.
    package let read: Read
    /// nil: such a value is not written.
    package let write: @Sendable (Value) -> ConfigurationValue?
    /// The keys of the section, where the value is one.
    package var keys: [KeyDescription] = []
    /// Whether a section without the key is read as one with the key and nothing in it.
    package var readsAbsent = false

    package init(
        summary: String, read: @escaping Read, write: @escaping @Sendable (Value) -> ConfigurationValue?,
        keys: [KeyDescription] = [], readsAbsent: Bool = false
    ) {
        (self.summary, self.read, self.write, self.keys) = (summary, read, write, keys)
        self.readsAbsent = readsAbsent
    }
}

extension ValueKind {
    /// A value that is accepted as a whole or not at all.
    ///
    /// - Parameters:
    ///   - summary: what is expected, unless `expected` says more about what came.
    ///   - advice: what to do about a value that is not accepted; nil where the message says enough.
    package init(
        _ summary: String, expected: (@Sendable (ConfigurationNode) -> String)? = nil,
        advice: @escaping @Sendable (ConfigurationNode) -> String? = { _ in nil },
        write: @escaping @Sendable (Value) -> ConfigurationValue?,
        accept: @escaping @Sendable (ConfigurationNode) -> Value?
    ) {
        self.init(
            summary: summary,
            read: { node, keyPath throws(ConfigurationError) in
                guard let value = accept(node) else {
                    throw .invalid(node, keyPath, expected: expected?(node) ?? summary, advice: advice(node))
                }
                return value
            }, write: write)
    }

    /// The same, where nil is a key that is absent; it is not written.
    package var optional: ValueKind<Value?> { lifted(summary, written: nil) { _ in false } }

    /// The same, where an empty value stands for nil and is not written.
    package var unlessNothing: ValueKind<Value?> { lifted(summary, written: nil, isNil: \.isNothing) }

    /// The same or `word`, which stands for nil.
    package func or(_ word: String) -> ValueKind<Value?> {
        lifted("\(summary) or \(word)", written: .text(word), alternative: " or \(word)") { $0.text == word }
    }

    private func lifted(
        _ summary: String, written: ConfigurationValue?, alternative: String = "",
        isNil: @escaping @Sendable (ConfigurationNode) -> Bool
    ) -> ValueKind<Value?> {
        let (read, write) = (read, write)
        return ValueKind<Value?>(
            summary: summary,
            read: { node, path throws(ConfigurationError) in
                if isNil(node) { return nil }
                do throws(ConfigurationError) {
                    return try read(node, path)
                } catch .invalidValue(let origin, let keyPath, let expected, let found, let advice) {
                    throw .invalidValue(
                        origin: origin, keyPath: keyPath, expected: expected + alternative, found: found,
                        advice: advice)
                }
            },
            write: { $0.map(write) ?? written }, keys: keys)
    }

    /// The same as a value without a type of its own.
    package var untyped: ValueKind<ConfigurationValue> {
        let (read, write) = (read, write)
        return ValueKind<ConfigurationValue>(
            summary: summary,
            read: { node, path throws(ConfigurationError) in write(try read(node, path)) ?? node.value },
            write: { $0 })
    }
}

extension ValueKind where Value: ConfigurationSection {
    /// A section with the keys that it declares.
    package static var section: Self {
        ValueKind(
            summary: "a section",
            read: { node, path throws(ConfigurationError) in try Value(node, path: path, origin: node.origin) },
            write: { .section($0.entries) }, keys: Value.descriptions, readsAbsent: true)
    }
}
