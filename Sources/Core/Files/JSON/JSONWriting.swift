extension JSONValue {
    /// Indented text with sorted keys and a final line feed; equal values give equal bytes.
    ///
    /// Numbers round-trip exactly. NaN and infinities, which JSON cannot say, become `null`.
    public func prettyText() -> String {
        var text = ""
        write(to: &text, indentation: 0)
        return text + "\n"
    }

    /// One line without spaces and with sorted keys.
    public func compactText() -> String {
        var text = ""
        write(to: &text, indentation: nil)
        return text
    }

    /// Writes ``prettyText()`` durably.
    public func write(to path: String) throws(FileError) {
        try DurableFile.write(Array(prettyText().utf8), to: path)
    }

    private func write(to text: inout String, indentation: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .double(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.writeQuoted(value, to: &text)
        case .array(let elements):
            Self.writeList("[", "]", elements, to: &text, indentation) { element, text, inner in
                element.write(to: &text, indentation: inner)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            Self.writeList("{", "}", sorted, to: &text, indentation) { member, text, inner in
                Self.writeQuoted(member.key, to: &text)
                text += indentation == nil ? ":" : ": "
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func writeList<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], to text: inout String,
        _ indentation: Int?, _ writeElement: (Element, inout String, Int?) -> Void
    ) {
        text += opening
        let inner = indentation.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            breakLine(&text, inner)
            writeElement(element, &text, inner)
        }
        if !elements.isEmpty { breakLine(&text, indentation) }
        text += closing
    }

    private static func breakLine(_ text: inout String, _ indentation: Int?) {
        guard let indentation else { return }
        text += "\n" + String(repeating: " ", count: indentation)
    }

    /// Appends `value` as a JSON string; only quotes, backslashes and control characters are
    /// escaped.
    static func writeQuoted(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
