/// How a value is written.
package enum JSONStyle: Sendable {
    /// Indented, with sorted keys and a final line feed: equal values give equal bytes.
    case pretty
    /// Indented, with the members in their order and a final line feed; arrays of plain values stay on one line.
    case ordered
    /// One line without spaces and with sorted keys.
    case compact
    /// One line with the members in their order, and a space behind every comma and colon.
    case line
}

extension JSONValue {
    /// The value as text.
    ///
    /// Numbers round-trip exactly. NaN and infinities, which JSON cannot say, become `null`.
    package func text(_ style: JSONStyle) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, indentation: 0)
        return writer.text + (style == .pretty || style == .ordered ? "\n" : "")
    }

    /// ``JSONStyle/pretty``.
    package func prettyText() -> String { text(.pretty) }

    /// ``JSONStyle/compact``.
    package func compactText() -> String { text(.compact) }

    /// Writes ``prettyText()`` durably.
    package func write(to path: String) throws(FileError) {
        try DurableFile.write(Array(prettyText().utf8), to: path)
    }
}

struct JSONWriter {
    let style: JSONStyle
    private(set) var text = ""

    init(style: JSONStyle) { self.style = style }

    mutating func write(_ value: JSONValue, indentation: Int) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): write(quoted: value)
        case .array(let elements):
            let breaks = style == .pretty || style == .ordered && elements.contains(where: \.isContainer)
            writeList("[", "]", elements, indentation, breaks: breaks) { writer, element in
                writer.write(element, indentation: indentation + 2)
            }
        case .object(let members):
            let sorts = style == .pretty || style == .compact
            let members = sorts ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : Array(members)
            writeList("{", "}", members, indentation, breaks: style == .pretty || style == .ordered) { writer, member in
                writer.write(quoted: member.key)
                writer.text += writer.style == .compact ? ":" : ": "
                writer.write(member.value, indentation: indentation + 2)
            }
        }
    }

    private mutating func writeList<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], _ indentation: Int, breaks: Bool,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        text += opening
        for (index, element) in elements.enumerated() {
            if index > 0 { text += breaks || style == .compact ? "," : ", " }
            if breaks { text += "\n" + String(repeating: " ", count: indentation + 2) }
            writeElement(&self, element)
        }
        if breaks, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indentation) }
        text += closing
    }

    /// Appends a JSON string; only quotes, backslashes and control characters are escaped.
    mutating func write(quoted value: String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}": text += scalar.jsonEscape
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension Unicode.Scalar {
    /// `\u001b` for a scalar below U+10000.
    package var jsonEscape: String {
        unsafe "\\u" + withUnsafeBytes(of: UInt16(value).bigEndian) { unsafe $0.hexadecimal }
    }
}

extension JSONValue {
    fileprivate var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}
