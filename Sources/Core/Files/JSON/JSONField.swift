/// An error that says what is wrong with a member of a JSON file.
public protocol JSONFault: Error {
    /// The file lacks a key that is needed; `keyPath` is like `rope_scaling.factor`.
    static func missingKey(path: String, keyPath: String) -> Self
    /// A value is of another kind than `expected`; `actual` says which.
    static func wrongValue(path: String, keyPath: String, expected: String, actual: String) -> Self
}

extension FileError: JSONFault {}

/// A JSON value of a file of this project or of a model.
public typealias JSONDocument = JSONField<FileError>

/// A JSON value that remembers its file and its place there, so that its accessors throw errors
/// like `config.json: "rope_scaling.factor" must be a number, but is the string "8"`.
public struct JSONField<Fault: JSONFault>: Sendable {
    /// File named in errors.
    public let path: String
    /// Place in the file, such as `rope_scaling.factor` or `layers[3].name`; empty for the whole.
    public let keyPath: String
    /// The value itself.
    public let value: JSONValue

    /// A value that is said to lie at `keyPath` of the file `path`.
    public init(_ value: JSONValue, path: String, keyPath: String = "") {
        self.value = value
        self.path = path
        self.keyPath = keyPath
    }

    /// The member `key`; nil if it is absent or null.
    public subscript(key: String) -> JSONField? {
        guard let member = value[key], !member.isNull else { return nil }
        return JSONField(member, path: path, keyPath: place(of: key))
    }

    /// The member `key`.
    ///
    /// - Throws: ``JSONFault/missingKey(path:keyPath:)`` if it is absent or null; what ``members()`` throws.
    public func require(_ key: String) throws(Fault) -> JSONField {
        guard let member = self[key] else {
            _ = try members()
            throw Fault.missingKey(path: path, keyPath: place(of: key))
        }
        return member
    }

    /// The members of an object.
    public func members() throws(Fault) -> JSONObject {
        guard let members = value.objectValue else { throw wrong("an object") }
        return members
    }

    /// The members of an object that are not null, each knowing its place.
    public func fields() throws(Fault) -> [(key: String, field: JSONField)] {
        try members().filter { !$0.value.isNull }.map { ($0, JSONField($1, path: path, keyPath: place(of: $0))) }
    }

    /// The elements of an array, each knowing its place.
    public func elements() throws(Fault) -> [JSONField] {
        guard let elements = value.arrayValue else { throw wrong("an array") }
        return elements.enumerated().map { index, element in
            JSONField(element, path: path, keyPath: "\(keyPath)[\(index)]")
        }
    }

    /// The whole number.
    public func int() throws(Fault) -> Int {
        guard let number = value.intValue else { throw wrong("a whole number") }
        return number
    }

    /// The number.
    public func double() throws(Fault) -> Double {
        guard let number = value.doubleValue else { throw wrong("a number") }
        return number
    }

    /// The truth value.
    public func bool() throws(Fault) -> Bool {
        guard let flag = value.boolValue else { throw wrong("true or false") }
        return flag
    }

    /// The string.
    public func string() throws(Fault) -> String {
        guard let text = value.stringValue else { throw wrong("a string") }
        return text
    }

    /// The elements of an array of strings.
    public func strings() throws(Fault) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.string()) }
        return texts
    }

    /// The elements of an array of whole numbers.
    public func ints() throws(Fault) -> [Int] {
        var numbers: [Int] = []
        for element in try elements() { numbers.append(try element.int()) }
        return numbers
    }

    /// The error that this value is not what was expected, for checks that callers add.
    public func wrong(_ expected: String) -> Fault {
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
    public func requireInt(_ key: String) throws(Fault) -> Int { try require(key).int() }
    /// The numeric member `key`.
    public func requireDouble(_ key: String) throws(Fault) -> Double { try require(key).double() }
    /// The boolean member `key`.
    public func requireBool(_ key: String) throws(Fault) -> Bool { try require(key).bool() }
    /// The string member `key`.
    public func requireString(_ key: String) throws(Fault) -> String { try require(key).string() }
    /// The string-array member `key`.
    public func requireStrings(_ key: String) throws(Fault) -> [String] {
        try require(key).strings()
    }

    /// The whole-number member `key`, if there is one.
    public func optionalInt(_ key: String) throws(Fault) -> Int? { try self[key]?.int() }
    /// The numeric member `key`, if there is one.
    public func optionalDouble(_ key: String) throws(Fault) -> Double? { try self[key]?.double() }
    /// The boolean member `key`, if there is one.
    public func optionalBool(_ key: String) throws(Fault) -> Bool? { try self[key]?.bool() }
    /// The string member `key`, if there is one.
    public func optionalString(_ key: String) throws(Fault) -> String? { try self[key]?.string() }
    /// The string-array member `key`, if there is one.
    public func optionalStrings(_ key: String) throws(Fault) -> [String]? {
        try self[key]?.strings()
    }
}

extension JSONDocument {
    /// Reads a JSON file whose value is an object.
    public static func read(path: String) throws(FileError) -> JSONDocument {
        let document = JSONDocument(try JSONValue.read(path: path), path: path)
        _ = try document.members()
        return document
    }
}
