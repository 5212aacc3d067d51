/// A parsed configuration value that knows where it came from.
package struct ConfigurationNode: Sendable {
    package enum ScalarStyle: Sendable {
        /// Unquoted in a file: `8` is a number, `true` is a truth value.
        case plain
        /// In quotes: always text.
        case quoted
        /// From `--set`, where the shell has eaten the quotes: whatever the key wants.
        case argument
    }

    package struct Entry: Sendable {
        package var key: String
        package var keyOrigin: ConfigurationOrigin
        package var node: ConfigurationNode

        package init(
            key: String, keyOrigin: ConfigurationOrigin, node: ConfigurationNode
        ) {
            (self.key, self.keyOrigin, self.node) = (key, keyOrigin, node)
        }
    }

    package enum Content: Sendable {
        case scalar(String, ScalarStyle)
        case list([ConfigurationNode])
        case section([Entry])
    }

    package var origin: ConfigurationOrigin
    package var content: Content

    package init(
        origin: ConfigurationOrigin, content: Content
    ) {
        (self.origin, self.content) = (origin, content)
    }
}

extension ConfigurationNode {
    /// True for an empty value, `~` and `null`.
    package var isNothing: Bool {
        guard case .scalar(let text, let style) = content, style != .quoted else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    package var boolean: Bool? {
        guard case .scalar(let text, let style) = content, style != .quoted else { return nil }
        return ["true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false][
            text]
    }

    /// Decimal digits with an optional sign, nothing else.
    package var integer: Int? {
        guard case .scalar(let text, let style) = content, style != .quoted, looksNumeric(text) else {
            return nil
        }
        return Int(text)
    }

    /// Finite decimal numbers, with or without point and exponent.
    package var number: Double? {
        guard case .scalar(let text, let style) = content, style != .quoted, looksNumeric(text) else {
            return nil
        }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Quoted text, or unquoted text that could not be meant as a number, a truth value or nothing.
    package var text: String? {
        guard case .scalar(let text, let style) = content else { return nil }
        if style != .plain { return text }
        return isNothing || boolean != nil || number != nil ? nil : text
    }

    /// What is here, for messages.
    package var found: String {
        switch content {
        case .scalar(let text, .quoted): "\"\(text)\""
        case .scalar(let text, _): isNothing ? "nothing" : text
        case .list(let nodes): nodes.count == 1 ? "a list of 1 value" : "a list of \(nodes.count) values"
        case .section: "a section"
        }
    }

    /// The keys of a section; none of anything else.
    package var entries: [Entry] {
        if case .section(let entries) = content { entries } else { [] }
    }

    /// The value with the type that its notation shows.
    package var value: ConfigurationValue {
        switch content {
        case .list(let nodes): return .list(nodes.map(\.value))
        case .section(let entries): return .section(entries.map { .init($0.key, $0.node.value) })
        case .scalar(let text, _):
            if let boolean { return .boolean(boolean) }
            if let integer { return .integer(integer) }
            if let number { return .number(number) }
            return .text(text)
        }
    }

    private func looksNumeric(_ text: String) -> Bool {
        text.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
            && text.utf8.first.map { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") } == true
    }
}
