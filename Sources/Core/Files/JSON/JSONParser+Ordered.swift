extension JSONParser {
    /// The whole text as a value that keeps the order of keys.
    mutating func parseOrderedDocument() throws(JSONSyntaxError) -> OrderedJSON {
        skipWhiteSpace()
        let value = try parseOrderedValue()
        skipWhiteSpace()
        if offset < bytes.count { throw failure("unexpected \(shown()) after the value") }
        return value
    }

    /// The value at the present place; as strict as ``parseDocument()``.
    package mutating func parseOrderedValue() throws(JSONSyntaxError) -> OrderedJSON {
        switch peek() {
        case UInt8(ascii: "{"):
            return try nested { parser throws(JSONSyntaxError) in try parser.parseOrderedObject() }
        case UInt8(ascii: "["):
            return try nested { parser throws(JSONSyntaxError) in try parser.parseOrderedArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return switch try parseNumber() {
            case .integer(let number): .integer(Int(number))
            case .double(let number): .number(number)
            default: .null
            }
        default: throw failure("expected a value, found \(shown())")
        }
    }

    private mutating func parseOrderedObject() throws(JSONSyntaxError) -> OrderedJSON {
        var members: [(key: String, value: OrderedJSON)] = []
        var seen = KeysSeen()
        if consume("}") { return .object(members) }
        while true {
            let keyOffset = offset
            let key = try parseKey()
            guard seen.insert(key, after: members) else {
                throw JSONSyntaxError(byteOffset: keyOffset, reason: "the key \"\(key)\" appears twice")
            }
            members.append((key, try parseOrderedValue()))
            skipWhiteSpace()
            if consume("}") { return .object(members) }
            guard consume(",") else { throw failure("expected \",\" or \"}\", found \(shown())") }
            skipWhiteSpace()
        }
    }

    private mutating func parseOrderedArray() throws(JSONSyntaxError) -> OrderedJSON {
        var elements: [OrderedJSON] = []
        if consume("]") { return .array(elements) }
        while true {
            elements.append(try parseOrderedValue())
            skipWhiteSpace()
            if consume("]") { return .array(elements) }
            guard consume(",") else { throw failure("expected \",\" or \"]\", found \(shown())") }
            skipWhiteSpace()
        }
    }
}

/// Which keys an object had so far: few are compared one by one, many are hashed.
private struct KeysSeen {
    private static let fewCount = 12
    private var hashed: Set<String> = []

    /// Whether `key` is new after `members`.
    mutating func insert(_ key: String, after members: [(key: String, value: OrderedJSON)]) -> Bool {
        if members.count < Self.fewCount { return !members.contains { $0.key == key } }
        if hashed.isEmpty { hashed = Set(members.map(\.key)) }
        return hashed.insert(key).inserted
    }
}

extension OrderedJSON {
    /// Parses one JSON text as strictly as ``JSONValue/parse(_:path:)``, keeping the order of keys.
    package static func parseStrictly(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> OrderedJSON {
        var parser = JSONParser(bytes)
        return try parser.parseOrderedDocument()
    }

    /// As ``parseStrictly(_:)``; nil if the text is not JSON.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        let value = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONSyntaxError) in try Self.parseStrictly(buffer) }
        }
        guard case .success(let value) = value else { return nil }
        self = value
    }
}
