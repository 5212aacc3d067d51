import CatenaFiles

/// A value of a tokenizer's JSON files that knows its place.
typealias TokenizerField = JSONField<TokenizerError>

extension TokenizerError: JSONFault {
    /// ``missingField(file:field:)``.
    package static func missingKey(path: String, keyPath: String) -> TokenizerError {
        .missingField(file: path, field: keyPath)
    }

    /// ``wrongType(file:field:expected:found:)``.
    package static func wrongValue(
        path: String, keyPath: String, expected: String, actual: String
    ) -> TokenizerError { .wrongType(file: path, field: keyPath, expected: expected, found: actual) }
}

extension JSONField<TokenizerError> {
    func unsupported(_ value: String, supported: [String]) -> TokenizerError {
        .unsupported(file: path, field: keyPath, value: "\"\(value)\"", supported: supported)
    }

    func invalid(_ reason: String) -> TokenizerError { .invalid(file: path, field: keyPath, reason: reason) }
}
