/// Why a tokenizer could not be loaded. Encoding and decoding themselves never fail.
package enum TokenizerError: Error, Equatable, Sendable {
    /// The file is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// The file is not JSON; `byteOffset` counts from the start of the file.
    case malformedJSON(file: String, byteOffset: Int, reason: String)
    /// A field that the tokenizer needs is absent.
    case missingField(file: String, field: String)
    /// A field has another JSON or GGUF type than the format defines.
    case wrongType(file: String, field: String, expected: String, found: String)
    /// A field asks for a component that Catena does not have.
    case unsupported(file: String, field: String, value: String, supported: [String])
    /// The fields have the right types but contradict each other.
    case invalid(file: String, field: String, reason: String)
    /// The tokenizer has no exact form as a tokenizer.json.
    case notRepresentable(reason: String)
    /// The path holds neither a tokenizer.json nor GGUF metadata.
    case noTokenizer(path: String)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "cannot read tokenizer file \(file): \(reason)."
        case .malformedJSON(let file, let byteOffset, let reason):
            "\(file) is not valid JSON: \(reason) at byte \(byteOffset); fetch the file again."
        case .missingField(let file, let field):
            "\(file) has no \"\(field)\"; a tokenizer needs it."
        case .wrongType(let file, let field, let expected, let found):
            "\"\(field)\" in \(file) must be \(expected), found \(found)."
        case .unsupported(let file, let field, let value, let supported):
            "\"\(field)\" in \(file) is \(value), which is not supported; supported: \(supported.joined(separator: ", "))."
        case .invalid(let file, let field, let reason):
            "\"\(field)\" in \(file) is inconsistent: \(reason)."
        case .notRepresentable(let reason):
            "the tokenizer cannot be written as tokenizer.json: \(reason)."
        case .noTokenizer(let path):
            "no tokenizer at \(path); expected a folder with tokenizer.json, a tokenizer.json, or a .gguf file."
        }
    }
}
