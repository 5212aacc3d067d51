extension ConfigurationNode {
    /// Applies one `--set section.key=value`.
    ///
    /// The value is a plain word, or YAML when it starts with `[`, `{` or a quote. Nothing after `=` removes the key, which
    /// brings its default back.
    package mutating func apply(override argument: String) throws(ConfigurationError) {
        guard let equals = argument.firstIndex(of: "=") else {
            throw .invalidOverride(argument: argument, problem: "there is no \"=\"")
        }
        let keys = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(
            String.init)
        guard keys.allSatisfy({ !$0.isEmpty }) else {
            throw .invalidOverride(argument: argument, problem: "a part of the key is empty")
        }
        let text = String(argument[argument.index(after: equals)...])
        try set(keys[...], to: Self.overrideValue(text, argument: argument), argument: argument)
    }

    private static func overrideValue(_ text: String, argument: String) throws(ConfigurationError)
        -> ConfigurationNode?
    {
        if text.isEmpty { return nil }
        if let first = text.first, "[{\"'".contains(first) {
            return try parse(yaml: text) { _, _ in .override(argument) }
        }
        return ConfigurationNode(origin: .override(argument), content: .scalar(text, .argument))
    }

    private mutating func set(
        _ keys: ArraySlice<String>, to value: ConfigurationNode?, argument: String
    ) throws(ConfigurationError) {
        guard let key = keys.first else { return }
        if isNothing { content = .section([]) }
        guard case .section(var entries) = content else {
            throw .invalidOverride(
                argument: argument, problem: "\"\(key)\" would lie inside a value that is not a section")
        }
        let index = entries.firstIndex { $0.key == key }
        if keys.count > 1 {
            let origin = ConfigurationOrigin.override(argument)
            var entry =
                index.map { entries[$0] }
                ?? Entry(
                    key: key, keyOrigin: origin,
                    node: ConfigurationNode(origin: origin, content: .section([])))
            try entry.node.set(keys.dropFirst(), to: value, argument: argument)
            if let index { entries[index] = entry } else { entries.append(entry) }
        } else if let value {
            let entry = Entry(key: key, keyOrigin: .override(argument), node: value)
            if let index { entries[index] = entry } else { entries.append(entry) }
        } else if let index {
            entries.remove(at: index)
        }
        content = .section(entries)
    }
}
