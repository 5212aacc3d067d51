import CatenaFiles

/// A JSON value that knows its file and its path inside it, so that reading it can fail with a full message.
struct JSONField: Sendable {
    let file: String
    let path: String
    let value: OrderedJSON

    /// The member `key`; absent and null members are nil.
    func optional(_ key: String) -> JSONField? {
        guard let member = value[key] else { return nil }
        if case .null = member { return nil }
        return JSONField(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: member)
    }

    func required(_ key: String) throws(TokenizerError) -> JSONField {
        guard case .object = value else { throw wrongType("an object") }
        guard let field = optional(key) else {
            throw .missingField(file: file, field: path.isEmpty ? key : "\(path).\(key)")
        }
        return field
    }

    func string() throws(TokenizerError) -> String {
        guard case .string(let text) = value else { throw wrongType("a string") }
        return text
    }

    func bool() throws(TokenizerError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType("true or false") }
        return flag
    }

    func integer() throws(TokenizerError) -> Int {
        guard case .integer(let number) = value else { throw wrongType("an integer") }
        return number
    }

    func elements() throws(TokenizerError) -> [JSONField] {
        guard case .array(let values) = value else { throw wrongType("an array") }
        return values.enumerated().map { JSONField(file: file, path: "\(path)[\($0.offset)]", value: $0.element) }
    }

    func string(_ key: String) throws(TokenizerError) -> String? { try optional(key)?.string() }

    func bool(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool {
        try optional(key)?.bool() ?? fallback
    }

    func integer(_ key: String, default fallback: Int) throws(TokenizerError) -> Int {
        try optional(key)?.integer() ?? fallback
    }

    func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(file: file, field: path.isEmpty ? "document" : path, expected: expected, found: value.kind)
    }

    func unsupported(_ value: String, supported: [String]) -> TokenizerError {
        .unsupported(file: file, field: path, value: "\"\(value)\"", supported: supported)
    }

    func invalid(_ reason: String) -> TokenizerError { .invalid(file: file, field: path, reason: reason) }
}
