package import CatenaFiles

/// The samples of earlier classes that are kept, by the places of their records in the training file, the most telling ones first.
package struct ExemplarMemory: Sendable, Equatable {
    /// How much is kept.
    package enum Size: Sendable, Equatable {
        /// So many samples of all classes together, divided equally.
        case total(Int)
        /// So many samples of each class.
        case perClass(Int)

        /// How many of each class are kept once `classes` have been seen.
        package func quota(classes: Int) -> Int {
            switch self {
            case .total(let count): count / max(classes, 1)
            case .perClass(let count): count
            }
        }

        /// Whether nothing is kept.
        package var isNothing: Bool { self == .total(0) || self == .perClass(0) }
    }

    /// The places of each class.
    package private(set) var places: [String: [Int]] = [:]

    /// Nothing yet.
    package init() {}

    /// Keeps the first `quota` of every class, `chosen` being those of new ones.
    package mutating func keep(_ quota: Int, adding chosen: [String: [Int]]) {
        places.merge(chosen) { _, new in new }
        places = places.mapValues { Array($0.prefix(quota)) }
    }

    /// As JSON, classes sorted.
    package var json: JSONValue {
        .object(JSONObject(places.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map { .integer($0) })) }))
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Parameter count: records of the training file.
    /// - Throws: ``IncrementalError`` for what is no such object.
    package init(_ json: JSONDocument, count: Int) throws {
        guard let members = json.value.objectValue else {
            throw IncrementalError.damaged(path: json.path, problem: "no object of places of records")
        }
        for (name, value) in members {
            let places = value.arrayValue?.compactMap(\.intValue)
            guard let places, places.count == value.arrayValue?.count, places.allSatisfy((0..<count).contains) else {
                throw IncrementalError.damaged(
                    path: json.path, problem: "\(name) is no list of records of the training data")
            }
            self.places[name] = places
        }
    }
}
