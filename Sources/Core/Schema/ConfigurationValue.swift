/// A value of a configuration without its place in a file: what resolved YAML, comparisons and method options are made of.
public enum ConfigurationValue: Sendable, Equatable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([ConfigurationValue])
    case section([Entry])

    /// A key with its value; a section keeps its keys in order.
    public struct Entry: Sendable, Equatable {
        /// The key as it stands in YAML, in kebab case.
        public var key: String
        /// What the key stands for.
        public var value: ConfigurationValue

        /// Pairs a key with its value.
        public init(_ key: String, _ value: ConfigurationValue) {
            self.key = key
            self.value = value
        }
    }

    /// The truth value, if it is one.
    public var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The whole number, if it is one.
    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number; a whole number counts as one.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The text, if it is text.
    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The values, if it is a list.
    public var list: [ConfigurationValue]? {
        if case .list(let values) = self { values } else { nil }
    }
}

extension ConfigurationValue {
    /// One line of YAML (flow style) that parses back to an equal value.
    public var inlineYAML: String {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): Self.yaml(number: value)
        case .text(let value): Self.yaml(text: value)
        case .list(let values): "[" + values.map(\.inlineYAML).joined(separator: ", ") + "]"
        case .section(let entries):
            "{" + entries.map { "\(Self.yaml(text: $0.key)): \($0.value.inlineYAML)" }.joined(separator: ", ")
                + "}"
        }
    }

    /// Block-style YAML: a section over several lines, everything else on one.
    package func blockYAML(indentation: Int = 0) -> String {
        guard case .section(let entries) = self else { return inlineYAML + "\n" }
        let margin = String(repeating: " ", count: indentation)
        return entries.map { entry in
            if case .section(let inner) = entry.value, !inner.isEmpty {
                "\(margin)\(entry.key):\n" + entry.value.blockYAML(indentation: indentation + 2)
            } else {
                "\(margin)\(entry.key): \(entry.value.inlineYAML)\n"
            }
        }.joined()
    }

    /// The shortest decimal form that reads back as the same bits; always with a point, because YAML 1.1 readers take
    /// `1e-08` for text.
    package static func yaml(number: Double) -> String {
        let shortest = number.description
        guard let exponent = shortest.firstIndex(of: "e"), !shortest[..<exponent].contains(".") else {
            return shortest
        }
        return shortest[..<exponent] + ".0" + shortest[exponent...]
    }

    /// Plain where no reader could take it for anything but text, in double quotes otherwise.
    package static func yaml(text: String) -> String {
        let plainStart = text.unicodeScalars.first.map {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || $0 == "/"
        }
        let plainBody = text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "_-./+".unicodeScalars.contains($0)
        }
        let reserved = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"]
        if plainStart == true, plainBody, !reserved.contains(text.lowercased()) { return text }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\t": return "\\t"
        case "\r": return "\\r"
        default:
            let isPrintable =
                (0x20..<0x7F).contains(scalar.value)
                || (0xA0...0xD7FF).contains(scalar.value) && scalar.value != 0x2028 && scalar.value != 0x2029
                || (0xE000...0xFFFD).contains(scalar.value) && scalar.value != 0xFEFF
                || scalar.value >= 0x10000
            if isPrintable { return String(scalar) }
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
