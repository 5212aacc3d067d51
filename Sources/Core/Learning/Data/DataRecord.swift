import CatenaFiles

/// Why a record is no example.
package struct RecordFault: Error {
    package let expected: String
    package let found: String
}

/// An object of a data file, without its empty members, that remembers which keys were taken.
struct DataRecord {
    /// Members that are not null, in the file's order.
    let members: JSONObject
    /// The keys that stand for columns of other names.
    let mapped: Set<String>
    private var taken: [String] = []

    /// - Throws: ``RecordFault`` for what is no object and for a mapped column that is not there.
    init(_ value: JSONValue, columns: [RunConfiguration.DataSection.Column]) throws(RecordFault) {
        guard case .object(var members) = value else {
            throw RecordFault(expected: ExampleForm.knownForms, found: value.summary)
        }
        if !columns.isEmpty {
            let named = members
            members = named.filter { member in !columns.contains { $0.name == member.key || $0.key == member.key } }
            for column in columns {
                guard let value = named[column.name] else {
                    throw RecordFault(
                        expected:
                            "the column \"\(column.name)\" of data.columns or --columns (\(column.key): \(column.name))",
                        found: Self.keys(of: named))
                }
                members.append(column.key, value)
            }
        }
        mapped = Set(columns.map(\.key))
        self.members = members.filter { !$0.value.isNull }
    }

    /// The member `key`.
    subscript(key: String) -> JSONValue? { members[key] }

    /// Whether there is a member `key`.
    func has(_ key: String) -> Bool { members[key] != nil }

    /// The first of `keys` that is there.
    func first(of keys: [String]) -> String? { keys.first(where: has) }

    /// Notes that `keys` are understood.
    mutating func take(_ keys: String...) { taken += keys }

    /// Whether a key was understood.
    func isTaken(_ key: String) -> Bool { taken.contains(key) }

    /// Refuses what would change training and is not supported; what is empty says nothing.
    mutating func requireNothingChangesTraining() throws(RecordFault) {
        for (key, member) in members {
            guard let reason = DataKeys.changingTraining[key] else { continue }
            guard member.isEmpty, member.isContainerOrText else {
                throw RecordFault(expected: "no \"\(key)\" in a record: \(reason)", found: member.summary)
            }
            take(key)
        }
    }

    /// The keys that nothing has understood, sorted.
    var ignoredKeys: [String] { members.keys.filter { !taken.contains($0) }.sorted() }

    /// The text of a key that must have one.
    func string(_ key: String) throws(RecordFault) -> String {
        guard case .string(let text) = self[key] else {
            throw RecordFault(expected: "a string in \"\(key)\"", found: self[key]?.summary ?? "no such key")
        }
        return text
    }

    /// The keys in words.
    var description: String { Self.keys(of: members) }

    private static func keys(of members: JSONObject) -> String {
        let keys = members.keys.sorted()
        guard !keys.isEmpty else { return "an object without keys" }
        let more = keys.count > 12 ? " and \(keys.count - 12) more" : ""
        return "an object with " + keys.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + more
    }
}

extension JSONValue {
    /// Whether an empty one says nothing; 0 and false say something.
    fileprivate var isContainerOrText: Bool {
        switch self {
        case .string, .array, .object: true
        default: false
        }
    }

    /// Nothing in it: null, false, 0, an empty text, list or object.
    var isEmpty: Bool {
        switch self {
        case .null, .bool(false), .integer(0), .number(0): true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
