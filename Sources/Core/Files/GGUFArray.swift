/// The elements of a metadata array, in order.
///
/// Those of a file stay there and are made one at a time: as values they would take up to 32 times their bytes.
package struct GGUFArray: Sendable, Sequence {
    fileprivate enum Storage: Sendable {
        case values([GGUFValue])
        case file(GGUFValueType, GGUFCursor)
    }

    private let storage: Storage
    /// How many there are.
    package let count: Int

    /// An array that is to be written.
    package init(_ values: [GGUFValue]) {
        storage = .values(values)
        count = values.count
    }

    /// The `count` elements that begin at the cursor and have been checked there.
    init(_ type: GGUFValueType, count: Int, in cursor: GGUFCursor) {
        storage = .file(type, cursor)
        self.count = count
    }

    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    package func makeIterator() -> Iterator { Iterator(storage: storage, remaining: count) }

    /// Walks over the elements; ends early if the file has changed since it was checked and no longer holds them.
    package struct Iterator: IteratorProtocol {
        private var storage: Storage
        private var remaining: Int

        fileprivate init(storage: Storage, remaining: Int) {
            self.storage = storage
            self.remaining = remaining
        }

        package mutating func next() -> GGUFValue? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            switch storage {
            case .values(let values):
                return values[values.count - 1 - remaining]
            case .file(let type, var cursor):
                let value = try? cursor.value(of: type, "an element of an array", depth: 0)
                storage = .file(type, cursor)
                return value
            }
        }
    }
}

extension GGUFArray: Equatable, ExpressibleByArrayLiteral {
    package static func == (left: GGUFArray, right: GGUFArray) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    package init(arrayLiteral elements: GGUFValue...) { self.init(elements) }
}
