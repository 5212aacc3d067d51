import Glibc

/// The members of a JSON object in their order; keys are told apart byte by byte.
///
/// Vocabularies hold keys that Swift's `String` equality calls equal (`é` composed and decomposed), and so does any dictionary
/// keyed by `String`; a list of pairs keeps both. Finding a key takes time in proportion to the members before it.
package struct JSONObject: Sendable {
    /// A key with its value.
    package typealias Member = (key: String, value: JSONValue)

    private var members: [Member] = []

    /// The object of `members`, each of another key.
    package init(_ members: some Sequence<Member> = []) { self.members = Array(members) }

    /// The members of a dictionary, sorted by the bytes of their keys.
    package init(_ members: [String: JSONValue]) {
        self.members = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    /// The value of `key`; a new key is put at the end, nil takes the member away.
    package subscript(key: String) -> JSONValue? {
        get { index(of: key).map { members[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member of a key that the object does not have.
    package mutating func append(_ key: String, _ value: JSONValue) { members.append((key, value)) }

    /// The object of the members that `isKept` says.
    package func filter(_ isKept: (Member) throws -> Bool) rethrows -> JSONObject {
        JSONObject(try members.filter(isKept))
    }

    /// The object with the members of `other` put in; its values win.
    package func merging(_ other: JSONObject) -> JSONObject {
        var result = self
        for (key, value) in other { result[key] = value }
        return result
    }

    /// The keys in their order.
    package var keys: [String] { members.map(\.key) }

    private func index(of key: String) -> Int? {
        members.indices.first { members[$0].key.hasSameBytes(as: key) }
    }
}

extension JSONObject: RandomAccessCollection {
    /// 0.
    package var startIndex: Int { 0 }
    /// The number of members.
    package var endIndex: Int { members.count }
    /// The member at a place.
    package subscript(index: Int) -> Member { members[index] }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The object of these members, each of another key.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.lazy.map { (key: $0.0, value: $0.1) })
    }
}

extension JSONObject: Equatable {
    /// Whether both have the same members in the same order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.elementsEqual(right) { $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value }
    }
}

extension String {
    /// Whether the UTF-8 of both is the same, which is stricter than `==`.
    package func hasSameBytes(as other: String) -> Bool {
        // Equality alone is quick to say no; what it takes for equal may be composed otherwise.
        guard utf8.count == other.utf8.count, self == other else { return false }
        let areSame = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right in
                guard let left = left.baseAddress, let other = right.baseAddress else { return true }
                return unsafe memcmp(left, other, right.count) == 0
            }
        }
        return areSame.flatMap { $0 } ?? utf8.elementsEqual(other.utf8)
    }
}

/// Which keys an object had so far: few are compared one by one, many are hashed.
struct KeysSeen {
    private static let fewCount = 12
    private var hashed: Set<Key> = []

    /// Whether `key` is new after `members`.
    mutating func insert(_ key: String, after members: [JSONObject.Member]) -> Bool {
        if members.count < Self.fewCount { return !members.contains { $0.key.hasSameBytes(as: key) } }
        if hashed.isEmpty { hashed = Set(members.map { Key(text: $0.key) }) }
        return hashed.insert(Key(text: key)).inserted
    }

    private struct Key: Hashable {
        let text: String

        static func == (left: Key, right: Key) -> Bool { left.text.hasSameBytes(as: right.text) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}
