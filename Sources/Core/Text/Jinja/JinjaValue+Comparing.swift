/// What Python's dictionaries and sets compare: `1`, `1.0` and `True` are one key.
enum JinjaKey: Hashable, Sendable {
    case none
    case integer(Int128)
    case float(Double)
    case string(JinjaText)
    indirect case tuple([JinjaKey])
    case undefined
    case other(String)
}

extension JinjaValue {
    /// How deeply lists and dictionaries are nested in it.
    var depth: Int {
        switch self {
        case .list(let sequence), .tuple(let sequence): sequence.depth
        case .dictionary(let dictionary), .view(_, let dictionary): dictionary.depth
        case .method(let receiver, _): receiver.depth
        default: 0
        }
    }

    /// How many values are met in going through it all; the strings' lengths are counted small.
    var weight: Int {
        switch self {
        case .string(let text): 1 + text.count / 16
        case .list(let sequence), .tuple(let sequence): sequence.weight
        case .dictionary(let dictionary), .view(_, let dictionary): dictionary.weight
        case .range(let range): range.count
        case .method(let receiver, _): receiver.weight
        default: 1
        }
    }

    /// The key that the value is; nil where it cannot be one.
    var key: JinjaKey? {
        switch self {
        case .none: return JinjaKey.none
        case .bool(let flag): return .integer(flag ? 1 : 0)
        case .integer(let number): return .integer(number)
        case .float(let number): return Int128(exactly: number).map { .integer($0) } ?? .float(number)
        case .string(let text): return .string(text)
        case .tuple(let sequence):
            var keys: [JinjaKey] = []
            for element in sequence.elements {
                guard let key = element.key else { return nil }
                keys.append(key)
            }
            return .tuple(keys)
        case .undefined: return .undefined
        case .list, .dictionary, .view: return nil
        case .range(let range): return .other("range \(range.count) \(range.start) \(range.step)")
        case .object(let object): return .other("\(object)")
        case .function(let function): return .other(function.rawValue)
        case .method(_, let name): return .other("method \(name)")
        }
    }

    /// Python's truth of a value.
    var isTrue: Bool {
        switch self {
        case .none, .undefined: false
        case .bool(let flag): flag
        case .integer(let number): number != 0
        case .float(let number): number != 0
        case .string(let text): !text.isEmpty
        case .list(let sequence), .tuple(let sequence): !sequence.elements.isEmpty
        case .dictionary(let dictionary), .view(_, let dictionary): dictionary.count > 0
        case .range(let range): range.count > 0
        case .object, .function, .method: true
        }
    }

    /// Python's `==`.
    static func areEqual(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): return left == right
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            guard left !== right else { return true }
            return left.elements.count == right.elements.count
                && zip(left.elements, right.elements).allSatisfy(areEqual)
        case (.dictionary(let left), .dictionary(let right)): return areEqual(left, right)
        case (.view(let kind, let left), .view(let other, let right)):
            return kind == other && kind != .values && areEqual(left, right)
        case (.range(let left), .range(let right)):
            return left.count == right.count
                && (left.count == 0 || left.start == right.start && (left.count == 1 || left.step == right.step))
        case (.object(let left), .object(let right)): return left == right
        case (.function(let left), .function(let right)): return left == right
        default:
            guard let left = left.number, let right = right.number else { return false }
            return left == right
        }
    }

    private static func areEqual(_ left: JinjaDictionary, _ right: JinjaDictionary) -> Bool {
        guard left !== right else { return true }
        guard left.count == right.count else { return false }
        return left.keys.indices.allSatisfy { index in
            guard let key = left.keys[index].key, let other = right.value(key) else { return false }
            return areEqual(left.values[index], other)
        }
    }

    /// Whether `left` stands before `right`.
    static func isLess(_ left: JinjaValue, _ right: JinjaValue, orEqual: Bool = false, sign: String = "<")
        throws(JinjaError) -> Bool
    {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            if orEqual, left == right { return true }
            return left.scalars.lexicographicallyPrecedes(right.scalars)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (first, second) in zip(left.elements, right.elements) where !areEqual(first, second) {
                return try isLess(first, second, orEqual: orEqual, sign: sign)
            }
            return orEqual
                ? left.elements.count <= right.elements.count : left.elements.count < right.elements.count
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.error
        default:
            guard let first = left.number, let second = right.number else {
                throw .type("'\(sign)' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
            }
            return orEqual ? first <= second : first < second
        }
    }

    /// The number that the value is, a truth value included.
    var number: JinjaNumber? {
        switch self {
        case .bool(let flag): .integer(flag ? 1 : 0)
        case .integer(let number): .integer(number)
        case .float(let number): .float(number)
        default: nil
        }
    }
}

/// An integer or a float, compared exactly.
enum JinjaNumber: Comparable {
    case integer(Int128)
    case float(Double)

    var double: Double {
        switch self {
        case .integer(let number): Double(number)
        case .float(let number): number
        }
    }

    static func == (left: JinjaNumber, right: JinjaNumber) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.integer(let integer), .float(let float)), (.float(let float), .integer(let integer)):
            Int128(exactly: float) == integer
        }
    }

    static func < (left: JinjaNumber, right: JinjaNumber) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.integer(let integer), .float(let float)):
            Int128(exactly: float.rounded(.up)).map { integer < $0 } ?? (float > 0)
        case (.float(let float), .integer(let integer)):
            Int128(exactly: float.rounded(.down)).map { $0 < integer } ?? (float < 0)
        }
    }

    static func <= (left: JinjaNumber, right: JinjaNumber) -> Bool { left < right || left == right }
    static func > (left: JinjaNumber, right: JinjaNumber) -> Bool { right < left }
    static func >= (left: JinjaNumber, right: JinjaNumber) -> Bool { right <= left }
}
