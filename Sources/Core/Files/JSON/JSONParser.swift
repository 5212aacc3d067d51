/// Where and why a text is not JSON.
struct JSONSyntaxError: Error {
    let byteOffset: Int
    let reason: String
}

/// A strict parser of RFC 8259: no comments, no trailing commas, no NaN, no equal keys.
///
/// It is our own because Foundation's keeps the last of two equal keys silently (a damaged
/// safetensors header would pass), and does not say at which byte a text fails.
struct JSONParser {
    private static let maximumDepth = 256

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func parseDocument() throws(JSONSyntaxError) -> JSONValue {
        skipWhiteSpace()
        let value = try parseValue()
        skipWhiteSpace()
        if offset < bytes.count { throw failure("unexpected \(shown()) after the value") }
        return value
    }

    private mutating func parseValue() throws(JSONSyntaxError) -> JSONValue {
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
        var members: [String: JSONValue] = [:]
        if consume("}") { return .object(members) }
        while true {
            guard peek() == UInt8(ascii: "\"") else {
                throw failure("expected a key in quotes, found \(shown())")
            }
            let keyOffset = offset
            let key = try parseString()
            skipWhiteSpace()
            guard consume(":") else { throw failure("expected \":\", found \(shown())") }
            skipWhiteSpace()
            guard members.updateValue(try parseValue(), forKey: key) == nil else {
                throw JSONSyntaxError(
                    byteOffset: keyOffset, reason: "the key \"\(key)\" appears twice")
            }
            skipWhiteSpace()
            if consume("}") { return .object(members) }
            guard consume(",") else { throw failure("expected \",\" or \"}\", found \(shown())") }
            skipWhiteSpace()
        }
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
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[offset...].starts(with: expected) else {
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
        if bytes[integerStart] == UInt8(ascii: "0"), offset > integerStart + 1 {
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
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else {
            throw JSONSyntaxError(byteOffset: start, reason: "the number \(text) is out of range")
        }
        return .double(number)
    }

    private mutating func requireDigits() throws(JSONSyntaxError) {
        let start = offset
        skipDigits()
        guard offset > start else { throw failure("expected a digit, found \(shown())") }
    }

    private mutating func skipDigits() {
        while offset < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[offset] {
            offset += 1
        }
    }

    private mutating func skipWhiteSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func consume(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private func failure(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(byteOffset: min(offset, bytes.count), reason: reason)
    }

    private func shown() -> String {
        guard let byte = peek() else { return "the end" }
        return 0x20..<0x7F ~= byte ? "\"\(Unicode.Scalar(byte))\"" : "byte \(byte)"
    }
}

// MARK: - Strings

extension JSONParser {
    private mutating func parseString() throws(JSONSyntaxError) -> String {
        offset += 1
        let start = offset
        var hasEscapes = false
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 { throw failure("a control character in a string must be escaped") }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                offset += 1
            }
            offset += 1
        }
        guard offset < bytes.count else { throw failure("a string is not closed") }
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        offset += 1
        let text =
            hasEscapes
            ? String(validating: try unescaped(raw, at: start), as: UTF8.self)
            : String(validating: raw, as: UTF8.self)
        guard let text else {
            throw JSONSyntaxError(byteOffset: start, reason: "a string is not valid UTF-8")
        }
        return text
    }

    private func unescaped(
        _ raw: UnsafeRawBufferPointer, at start: Int
    ) throws(JSONSyntaxError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var i = 0
        while i < raw.count {
            guard raw[i] == UInt8(ascii: "\\") else {
                result.append(raw[i])
                i += 1
                continue
            }
            let escape = raw[i + 1]
            i += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape(raw, &i, at: start)
                result.append(contentsOf: Array(String(Character(scalar)).utf8))
            default:
                throw JSONSyntaxError(byteOffset: start + i - 2, reason: "unknown escape in a string")
            }
        }
        return result
    }

    /// The scalar of `XXXX` or of a surrogate pair `XXXX\uXXXX` at `i`.
    private func unicodeEscape(
        _ raw: UnsafeRawBufferPointer, _ i: inout Int, at start: Int
    ) throws(JSONSyntaxError) -> Unicode.Scalar {
        let escapeOffset = start + i - 2
        var value = hexadecimal(raw, i)
        i += 4
        if let high = value, 0xD800..<0xDC00 ~= high {
            value = nil
            if i + 1 < raw.count, raw[i] == UInt8(ascii: "\\"), raw[i + 1] == UInt8(ascii: "u"),
                let low = hexadecimal(raw, i + 2), 0xDC00..<0xE000 ~= low
            {
                value = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
                i += 6
            }
        }
        guard let value, let scalar = Unicode.Scalar(value) else {
            throw JSONSyntaxError(
                byteOffset: escapeOffset, reason: "a \\u escape is not a Unicode character")
        }
        return scalar
    }

    private func hexadecimal(_ raw: UnsafeRawBufferPointer, _ start: Int) -> UInt32? {
        guard start + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for byte in raw[start..<start + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
