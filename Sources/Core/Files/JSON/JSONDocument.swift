/// A JSON value that remembers its file and its place there, so that its accessors throw errors
/// like `config.json: "rope_scaling.factor" must be a number, but is the string "8"`.
public struct JSONDocument: Sendable {
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

    /// Reads a JSON file whose value is an object.
    public static func read(path: String) throws(FileError) -> JSONDocument {
        let document = JSONDocument(try JSONValue.read(path: path), path: path)
        _ = try document.members()
        return document
    }

    /// The member `key`; nil if it is absent or null.
    public subscript(key: String) -> JSONDocument? {
        guard let member = value[key], !member.isNull else { return nil }
        return JSONDocument(member, path: path, keyPath: place(of: key))
    }

    /// The member `key`.
    ///
    /// - Throws: ``FileError/missingKey(path:keyPath:)`` if it is absent or null.
    public func require(_ key: String) throws(FileError) -> JSONDocument {
        guard let member = self[key] else { throw .missingKey(path: path, keyPath: place(of: key)) }
        return member
    }

    /// The members of an object.
    public func members() throws(FileError) -> [String: JSONValue] {
        guard let members = value.objectValue else { throw wrong("an object") }
        return members
    }

    /// The elements of an array, each knowing its place.
    public func elements() throws(FileError) -> [JSONDocument] {
        guard let elements = value.arrayValue else { throw wrong("an array") }
        return elements.enumerated().map { index, element in
            JSONDocument(element, path: path, keyPath: "\(keyPath)[\(index)]")
        }
    }

    /// The whole number.
    public func int() throws(FileError) -> Int {
        guard let number = value.intValue else { throw wrong("a whole number") }
        return number
    }

    /// The number.
    public func double() throws(FileError) -> Double {
        guard let number = value.doubleValue else { throw wrong("a number") }
        return number
    }

    /// The truth value.
    public func bool() throws(FileError) -> Bool {
        guard let flag = value.boolValue else { throw wrong("true or false") }
        return flag
    }

    /// The string.
    public func string() throws(FileError) -> String {
        guard let text = value.stringValue else { throw wrong("a string") }
        return text
    }

    /// The elements of an array of strings.
    public func strings() throws(FileError) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.string()) }
        return texts
    }

    /// The elements of an array of whole numbers.
    public func ints() throws(FileError) -> [Int] {
        var numbers: [Int] = []
        for element in try elements() { numbers.append(try element.int()) }
        return numbers
    }

    /// The error that this value is not what was expected, for checks that callers add.
    public func wrong(_ expected: String) -> FileError {
        .wrongValue(
            path: path, keyPath: keyPath.isEmpty ? "(top level)" : keyPath, expected: expected,
            actual: value.summary)
    }

    private func place(of key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }
}

/// Members by key: `require…` throws if the key is absent or null, `optional…` gives nil; both
/// throw ``FileError/wrongValue(path:keyPath:expected:actual:)`` for another kind.
extension JSONDocument {
    /// The whole-number member `key`.
    public func requireInt(_ key: String) throws(FileError) -> Int { try require(key).int() }
    /// The numeric member `key`.
    public func requireDouble(_ key: String) throws(FileError) -> Double { try require(key).double() }
    /// The boolean member `key`.
    public func requireBool(_ key: String) throws(FileError) -> Bool { try require(key).bool() }
    /// The string member `key`.
    public func requireString(_ key: String) throws(FileError) -> String { try require(key).string() }
    /// The string-array member `key`.
    public func requireStrings(_ key: String) throws(FileError) -> [String] {
        try require(key).strings()
    }

    /// The whole-number member `key`, if there is one.
    public func optionalInt(_ key: String) throws(FileError) -> Int? { try self[key]?.int() }
    /// The numeric member `key`, if there is one.
    public func optionalDouble(_ key: String) throws(FileError) -> Double? { try self[key]?.double() }
    /// The boolean member `key`, if there is one.
    public func optionalBool(_ key: String) throws(FileError) -> Bool? { try self[key]?.bool() }
    /// The string member `key`, if there is one.
    public func optionalString(_ key: String) throws(FileError) -> String? { try self[key]?.string() }
    /// The string-array member `key`, if there is one.
    public func optionalStrings(_ key: String) throws(FileError) -> [String]? {
        try self[key]?.strings()
    }
}
