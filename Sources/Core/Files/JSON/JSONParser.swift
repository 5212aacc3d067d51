/// Where and why a text is not JSON.
package struct JSONSyntaxError: Error {
    package let byteOffset: Int
    package let reason: String
}

/// A strict parser of RFC 8259: no comments, no trailing commas, no NaN, no equal keys.
///
/// It is our own because Foundation's keeps the last of two equal keys silently (a damaged
/// safetensors header would pass), and does not say at which byte a text fails.
@safe package struct JSONParser {
    private static let maximumDepth = 256

    package let bytes: UnsafeRawBufferPointer
    package var offset = 0
    private var depth = 0

    package init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

    mutating func parseDocument() throws(JSONSyntaxError) -> JSONValue {
        skipWhiteSpace()
        let value = try parseValue()
        skipWhiteSpace()
        if unsafe offset < bytes.count { throw failure("unexpected \(shown()) after the value") }
        return value
    }

    /// The value at the present place.
    package mutating func parseValue() throws(JSONSyntaxError) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"):
            return try nested { parser throws(JSONSyntaxError) in try parser.parseObject() }
        case UInt8(ascii: "["):
            return try nested { parser throws(JSONSyntaxError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return try parseNumber()
        default: throw failure("expected a value, found \(shown())")
        }
    }

    private mutating func nested(
        _ parse: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw failure("nested deeper than \(Self.maximumDepth) levels")
        }
        depth += 1
        offset += 1
        skipWhiteSpace()
        let value = try parse(&self)
        depth -= 1
        return value
    }

    private mutating func parseObject() throws(JSONSyntaxError) -> JSONValue {
        var members: [JSONObject.Member] = []
        var seen = KeysSeen()
        if consume("}") { return .object([:]) }
        while true {
            let keyOffset = offset
            let key = try parseKey()
            guard seen.insert(key, after: members) else {
                throw JSONSyntaxError(byteOffset: keyOffset, reason: "the key \"\(key)\" appears twice")
            }
            members.append((key, try parseValue()))
            skipWhiteSpace()
            if consume("}") { return .object(JSONObject(members)) }
            guard consume(",") else { throw failure("expected \",\" or \"}\", found \(shown())") }
            skipWhiteSpace()
        }
    }

    /// A key and what is between it and its value.
    package mutating func parseKey() throws(JSONSyntaxError) -> String {
        guard peek() == UInt8(ascii: "\"") else {
            throw failure("expected a key in quotes, found \(shown())")
        }
        let key = try parseString()
        skipWhiteSpace()
        guard consume(":") else { throw failure("expected \":\", found \(shown())") }
        skipWhiteSpace()
        return key
    }

    private mutating func parseArray() throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        if consume("]") { return .array(elements) }
        while true {
            elements.append(try parseValue())
            skipWhiteSpace()
            if consume("]") { return .array(elements) }
            guard consume(",") else { throw failure("expected \",\" or \"]\", found \(shown())") }
            skipWhiteSpace()
        }
    }

    private mutating func parseWord(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        let expected = unsafe UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard unsafe bytes[offset...].starts(with: expected) else {
            throw failure("expected a value, found \(shown())")
        }
        offset += expected.count
        return value
    }

    private mutating func parseNumber() throws(JSONSyntaxError) -> JSONValue {
        let start = offset
        _ = consume("-")
        let integerStart = offset
        skipDigits()
        guard offset > integerStart else { throw failure("expected a digit, found \(shown())") }
        if unsafe bytes[integerStart] == UInt8(ascii: "0"), offset > integerStart + 1 {
            throw JSONSyntaxError(byteOffset: start, reason: "a number starts with a needless 0")
        }
        var isWhole = true
        if consume(".") {
            isWhole = false
            try requireDigits()
        }
        if consume("e") || consume("E") {
            isWhole = false
            if !consume("+") { _ = consume("-") }
            try requireDigits()
        }
        // Eighteen digits fit 64 bits: no text is needed for them.
        if isWhole, offset - integerStart <= 18 {
            let magnitude = unsafe bytes[integerStart..<offset].reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
            return .integer(integerStart > start ? -magnitude : magnitude)
        }
        let text = unsafe String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let whole = Int(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else {
            throw JSONSyntaxError(byteOffset: start, reason: "the number \(text) is out of range")
        }
        return .number(number)
    }

    private mutating func requireDigits() throws(JSONSyntaxError) {
        let start = offset
        skipDigits()
        guard offset > start else { throw failure("expected a digit, found \(shown())") }
    }

    private mutating func skipDigits() {
        while unsafe offset < bytes.count, unsafe UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[offset] {
            offset += 1
        }
    }

    package mutating func skipWhiteSpace() {
        while unsafe offset < bytes.count {
            switch unsafe bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    func peek() -> UInt8? { unsafe offset < bytes.count ? bytes[offset] : nil }

    package mutating func consume(_ character: Unicode.Scalar) -> Bool {
        guard unsafe offset < bytes.count, unsafe bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    package func failure(_ reason: String) -> JSONSyntaxError {
        unsafe JSONSyntaxError(byteOffset: min(offset, bytes.count), reason: reason)
    }

    package func shown() -> String {
        guard let byte = peek() else { return "the end" }
        return 0x20..<0x7F ~= byte ? "\"\(Unicode.Scalar(byte))\"" : "byte \(byte)"
    }
}
