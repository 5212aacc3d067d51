/// A JSON value that keeps the order of members, every code point of keys and texts, and whole numbers apart from others.
///
/// Numbers written without fraction and exponent that fit 64 bits are `integer`, all others `number`. Two keys of the same bytes in
/// an object are refused on reading.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// A number, written without a fraction where it has none.
    package static func shortest(_ value: Double) -> JSONValue {
        Int(exactly: value).map { .integer($0) } ?? .number(value)
    }

    /// Reads a JSON file.
    ///
    /// - Throws: what ``InputFile/contents(of:limit:)`` throws, or
    ///   ``FileError/invalidJSON(path:line:column:reason:)``.
    package static func read(path: String) throws(FileError) -> JSONValue {
        let bytes = try InputFile.contents(of: path, limit: .json)
        return unsafe try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in unsafe try parse(buffer, path: path) }
        }.get()
    }

    /// Parses one JSON text (RFC 8259, UTF-8, nothing after it but white space).
    ///
    /// - Parameter path: named in errors.
    package static func parse(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) -> JSONValue {
        do throws(JSONSyntaxError) {
            return unsafe try parse(bytes)
        } catch {
            let before = unsafe bytes.prefix(error.byteOffset)
            let line = unsafe before.count { $0 == UInt8(ascii: "\n") } + 1
            let lineStart = unsafe (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            throw .invalidJSON(
                path: path, line: line, column: error.byteOffset - lineStart + 1,
                reason: error.reason)
        }
    }

    /// Parses one JSON text.
    package static func parse(_ text: String, path: String) throws(FileError) -> JSONValue {
        let bytes = Array(text.utf8)
        return unsafe try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in unsafe try parse(buffer, path: path) }
        }.get()
    }

    /// Parses one JSON text that belongs to no file of its own.
    package static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> JSONValue {
        var parser = unsafe JSONParser(bytes)
        return try parser.parseDocument()
    }

    /// As ``parse(_:)-(UnsafeRawBufferPointer)``.
    package static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        unsafe try bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONSyntaxError) in unsafe try parse(buffer) }
        }.get()
    }

    /// The value of a text; nil if it is not JSON.
    package init?(text: String) {
        guard let value = try? Self.parse(Array(text.utf8)) else { return nil }
        self = value
    }

    /// The member `key`; nil if this is no object or has no such member.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The truth value, if it is one.
    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, also if it is written like `8.0`.
    package var intValue: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, whole or not.
    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The string, if it is one.
    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements of an array.
    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object.
    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether it is `null`.
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The kind in words with a short value, for messages: `the string "gelu"`.
    package var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "the number \(value)"
        case .number(let value): "the number \(value)"
        case .string(let value): value.count <= 60 ? "the string \"\(value)\"" : "a long string"
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object of \(members.count) members"
        }
    }
}

extension JSONValue: Equatable {
    /// Whether both are of the same kind and value, texts byte by byte and members in the same order.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A JSON string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A whole JSON number.
    package init(integerLiteral value: Int) { self = .integer(value) }
    /// A JSON number.
    package init(floatLiteral value: Double) { self = .number(value) }
    /// `true` or `false`.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// `null`.
    package init(nilLiteral: ()) { self = .null }
    /// A JSON array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// A JSON object of these members, each of another key.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.lazy.map { (key: $0.0, value: $0.1) }))
    }
}
