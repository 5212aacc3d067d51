/// JSON with its keys in the order given, for lines of `metrics.jsonl` and for the `--json` output of commands.
public indirect enum JSONText: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// Printed so that it reads back as the same bits; `null` when it is not finite, because JSON has no such numbers.
    case number(Double)
    case text(String)
    case list([JSONText])
    case object([Field])

    /// A key with its value; an object keeps its fields in order.
    public struct Field: Sendable, Equatable {
        /// The key, unescaped.
        public var key: String
        /// What the key stands for.
        public var value: JSONText

        /// Pairs a key with its value.
        public init(_ key: String, _ value: JSONText) {
            self.key = key
            self.value = value
        }
    }

    /// The value on one line, without a line end.
    public var line: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? value.description : "null"
        case .text(let value): Self.quoted(value)
        case .list(let values): "[" + values.map(\.line).joined(separator: ", ") + "]"
        case .object(let fields):
            "{" + fields.map { "\(Self.quoted($0.key)): \($0.value.line)" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension ConfigurationValue {
    /// The same value as JSON.
    public var json: JSONText {
        switch self {
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .text(let value): .text(value)
        case .list(let values): .list(values.map(\.json))
        case .section(let entries): .object(entries.map { .init($0.key, $0.value.json) })
        }
    }
}
