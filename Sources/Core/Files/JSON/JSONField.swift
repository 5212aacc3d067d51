/// An error that says what is wrong with a member of a JSON file.
package protocol JSONFault: Error {
    /// The file lacks a key that is needed; `keyPath` is like `rope_scaling.factor`.
    static func missingKey(path: String, keyPath: String) -> Self
    /// A value is of another kind than `expected`; `actual` says which.
    static func wrongValue(path: String, keyPath: String, expected: String, actual: String) -> Self
}

extension FileError: JSONFault {}

/// A JSON value of a file of this project or of a model.
package typealias JSONDocument = JSONField<FileError>

/// A JSON value that remembers its file and its place there, so that its accessors throw errors
/// like `config.json: "rope_scaling.factor" must be a number, but is the string "8"`.
package struct JSONField<Fault: JSONFault>: Sendable {
    /// File named in errors.
    package let path: String
    /// Place in the file, such as `rope_scaling.factor` or `layers[3].name`; empty for the whole.
    package let keyPath: String
    /// The value itself.
    package let value: JSONValue

    /// A value that is said to lie at `keyPath` of the file `path`.
    package init(_ value: JSONValue, path: String, keyPath: String = "") {
        self.value = value
        self.path = path
        self.keyPath = keyPath
    }

    /// The member `key`; nil if it is absent or null.
    package subscript(key: String) -> JSONField? {
        guard let member = value[key], !member.isNull else { return nil }
        return JSONField(member, path: path, keyPath: place(of: key))
    }

    /// The member `key`.
    ///
    /// - Throws: ``JSONFault/missingKey(path:keyPath:)`` if it is absent or null; what ``members()`` throws.
    package func require(_ key: String) throws(Fault) -> JSONField {
        guard let member = self[key] else {
            _ = try members()
            throw Fault.missingKey(path: path, keyPath: place(of: key))
        }
        return member
    }

    /// The members of an object.
    package func members() throws(Fault) -> JSONObject {
        guard let members = value.objectValue else { throw wrong("an object") }
        return members
    }

    /// The members of an object that are not null, each knowing its place.
    package func fields() throws(Fault) -> [(key: String, field: JSONField)] {
        try members().filter { !$0.value.isNull }.map { ($0, JSONField($1, path: path, keyPath: place(of: $0))) }
    }

    /// The elements of an array, each knowing its place.
    package func elements() throws(Fault) -> [JSONField] {
        guard let elements = value.arrayValue else { throw wrong("an array") }
        return elements.enumerated().map { index, element in
            JSONField(element, path: path, keyPath: "\(keyPath)[\(index)]")
        }
    }

    /// The whole number.
    package func int() throws(Fault) -> Int {
        guard let number = value.intValue else { throw wrong("a whole number") }
        return number
    }

    /// The number.
    package func double() throws(Fault) -> Double {
        guard let number = value.doubleValue else { throw wrong("a number") }
        return number
    }

    /// The truth value.
    package func bool() throws(Fault) -> Bool {
        guard let flag = value.boolValue else { throw wrong("true or false") }
        return flag
    }

    /// The string.
    package func string() throws(Fault) -> String {
        guard let text = value.stringValue else { throw wrong("a string") }
        return text
    }

    /// The elements of an array of strings.
    package func strings() throws(Fault) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.string()) }
        return texts
    }

    /// The elements of an array of whole numbers.
    package func ints() throws(Fault) -> [Int] {
        var numbers: [Int] = []
        for element in try elements() { numbers.append(try element.int()) }
        return numbers
    }

    /// The error that this value is not what was expected, for checks that callers add.
    package func wrong(_ expected: String) -> Fault {
        Fault.wrongValue(
            path: path, keyPath: keyPath.isEmpty ? "(top level)" : keyPath, expected: expected,
            actual: value.summary)
    }

    private func place(of key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }
}

/// Members by key: `require…` throws if the key is absent or null, `optional…` gives nil; both
/// throw ``JSONFault/wrongValue(path:keyPath:expected:actual:)`` for another kind.
extension JSONField {
    /// The whole-number member `key`.
    package func requireInt(_ key: String) throws(Fault) -> Int { try require(key).int() }
    /// The numeric member `key`.
    package func requireDouble(_ key: String) throws(Fault) -> Double { try require(key).double() }
    /// The boolean member `key`.
    package func requireBool(_ key: String) throws(Fault) -> Bool { try require(key).bool() }
    /// The string member `key`.
    package func requireString(_ key: String) throws(Fault) -> String { try require(key).string() }
    /// The string-array member `key`.
    package func requireStrings(_ key: String) throws(Fault) -> [String] {
        try require(key).strings()
    }

    /// The whole-number member `key`, if there is one.
    package func optionalInt(_ key: String) throws(Fault) -> Int? { try self[key]?.int() }
    /// The numeric member `key`, if there is one.
    package func optionalDouble(_ key: String) throws(Fault) -> Double? { try self[key]?.double() }
    /// The boolean member `key`, if there is one.
    package func optionalBool(_ key: String) throws(Fault) -> Bool? { try self[key]?.bool() }
    /// The string member `key`, if there is one.
    package func optionalString(_ key: String) throws(Fault) -> String? { try self[key]?.string() }
    /// The string-array member `key`, if there is one.
    package func optionalStrings(_ key: String) throws(Fault) -> [String]? {
        try self[key]?.strings()
    }
}

extension JSONDocument {
    /// Reads a JSON file whose value is an object.
    package static func read(path: String) throws(FileError) -> JSONDocument {
        let document = JSONDocument(try JSONValue.read(path: path), path: path)
        _ = try document.members()
        return document
    }
}
