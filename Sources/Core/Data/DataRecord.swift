import CatenaFiles

/// Why a record is no example.
package struct RecordFault: Error {
    package let expected: String
    package let found: String
}

/// An object of a data file, without its empty members, that remembers which keys were taken.
struct DataRecord {
    /// Members that are not null, in the file's order.
    let members: [(key: String, value: OrderedJSON)]
    private var taken: [String] = []

    /// - Throws: ``RecordFault`` for what is no object and for a mapped column that is not there.
    init(_ value: OrderedJSON, columns: [RunConfiguration.DataSection.Column]) throws(RecordFault) {
        guard case .object(var members) = value else {
            throw RecordFault(expected: ExampleForm.knownForms, found: value.summary)
        }
        if !columns.isEmpty {
            let named = members
            members.removeAll { member in columns.contains { $0.name == member.key || $0.key == member.key } }
            for column in columns {
                guard let member = named.first(where: { $0.key == column.name }) else {
                    throw RecordFault(
                        expected:
                            "the column \"\(column.name)\" of data.columns or --columns (\(column.key): \(column.name))",
                        found: Self.keys(of: named))
                }
                members.append((column.key, member.value))
            }
        }
        members.removeAll { member in if case .null = member.value { true } else { false } }
        self.members = members
    }

    /// The member `key`.
    subscript(key: String) -> OrderedJSON? { members.first { $0.key == key }?.value }

    /// Whether there is a member `key`.
    func has(_ key: String) -> Bool { members.contains { $0.key == key } }

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
    var ignoredKeys: [String] { members.map(\.key).filter { !taken.contains($0) }.sorted() }

    /// The text of a key that must have one.
    func string(_ key: String) throws(RecordFault) -> String {
        guard case .string(let text) = self[key] else {
            throw RecordFault(expected: "a string in \"\(key)\"", found: self[key]?.summary ?? "no such key")
        }
        return text
    }

    /// The keys in words.
    var description: String { Self.keys(of: members) }

    private static func keys(of members: [(key: String, value: OrderedJSON)]) -> String {
        let keys = members.map(\.key).sorted()
        guard !keys.isEmpty else { return "an object without keys" }
        let more = keys.count > 12 ? " and \(keys.count - 12) more" : ""
        return "an object with " + keys.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + more
    }
}

extension OrderedJSON {
    /// The kind in words with a short value, for messages: `the string "gelu"`.
    var summary: String {
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
