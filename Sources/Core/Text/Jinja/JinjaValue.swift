/// A value of the template language, with Python's kinds.
///
/// Lists and dictionaries never change, because the sandbox forbids it. What does change (namespaces, loops, macros,
/// generators) lies in the rendering; its value is the place there.
package enum JinjaValue: Sendable {
    case none
    case bool(Bool)
    case integer(Int128)
    case float(Double)
    case string(JinjaText)
    case list(JinjaSequence)
    case tuple(JinjaSequence)
    case dictionary(JinjaDictionary)
    indirect case undefined(JinjaUndefined)
    indirect case range(JinjaRange)
    indirect case view(JinjaView, JinjaDictionary)
    case object(JinjaObject)
    case function(JinjaFunction)
    indirect case method(of: JinjaValue, named: String)

    /// A string.
    package static func text(_ string: String) -> JinjaValue { .string(JinjaText(string)) }
    /// An integer.
    package static func whole(_ number: Int) -> JinjaValue { .integer(Int128(number)) }
}

/// Something that changes while a template is rendered, by its place in the rendering.
package enum JinjaObject: Sendable, Equatable {
    case namespace(Int)
    case loop(Int)
    case macro(Int)
    case generator(Int)
    case cycler(Int)
    case joiner(Int)
}

/// What a template can call without defining it.
package enum JinjaFunction: String, Sendable, CaseIterable {
    case range, dict, namespace, cycler, joiner, lipsum
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
    /// The template itself, which has blocks.
    case selfReference = "self"
}

/// Which part of a dictionary a view shows.
package enum JinjaView: String, Sendable {
    case keys = "dict_keys"
    case values = "dict_values"
    case items = "dict_items"
}

/// Python's `range`.
package struct JinjaRange: Sendable, Equatable {
    let start: Int
    let stop: Int
    let step: Int

    var count: Int {
        if step > 0 { return start < stop ? (stop - start - 1) / step + 1 : 0 }
        return start > stop ? (start - stop - 1) / -step + 1 : 0
    }

    var values: [JinjaValue] { (0..<count).map { .whole(start + $0 * step) } }
}

/// Why a value is undefined.
package enum JinjaUndefined: Sendable {
    case name(String)
    case attribute(of: String, String)
    case element(of: String, String)
    case hint(String)
    case unsafe(attribute: String, of: String)

    /// What using it says.
    var error: JinjaError {
        switch self {
        case .name(let name): .undefined("'\(name)' is undefined")
        case .attribute(let owner, let name): .undefined("'\(owner)' has no attribute '\(name)'")
        case .element(let owner, let element): .undefined("\(owner) has no element \(element)")
        case .hint(let hint): .undefined(hint)
        case .unsafe(let attribute, let type):
            .security("access to attribute '\(attribute)' of '\(type)' object is unsafe.")
        }
    }
}

/// The elements of a list or tuple.
package final class JinjaSequence: Sendable {
    let elements: [JinjaValue]
    /// How deeply it is nested, itself counted.
    let depth: Int
    /// How many values are met in going through it all.
    let weight: Int
    /// Whether it is a group of `groupby`, whose parts have names.
    let isGroup: Bool

    package init(_ elements: [JinjaValue], isGroup: Bool = false) {
        self.elements = elements
        self.isGroup = isGroup
        var depth = 0
        var weight = 1
        for element in elements {
            depth = max(depth, element.depth)
            weight = JinjaSequence.added(weight, element.weight)
        }
        self.depth = depth + 1
        self.weight = weight
    }
}

extension JinjaSequence {
    /// A sum that stays at the largest number.
    static func added(_ left: Int, _ right: Int) -> Int {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? .max : sum
    }
}

/// A dictionary that keeps the order in which its keys came.
package final class JinjaDictionary: Sendable {
    let keys: [JinjaValue]
    let values: [JinjaValue]
    let depth: Int
    let weight: Int
    /// The places of the keys, for dictionaries that are long enough to gain from it.
    private let places: [JinjaKey: Int]

    private static let longestScanned = 12

    /// The last value of a repeated key holds, at the place and in the form of the first.
    init(_ pairs: [(key: JinjaKey, name: JinjaValue, value: JinjaValue)]) {
        var keys: [JinjaValue] = []
        var values: [JinjaValue] = []
        var places: [JinjaKey: Int] = [:]
        keys.reserveCapacity(pairs.count)
        values.reserveCapacity(pairs.count)
        let isScanned = pairs.count <= Self.longestScanned
        for pair in pairs {
            let known = isScanned ? keys.firstIndex { $0.key == pair.key } : places[pair.key]
            if let known {
                values[known] = pair.value
            } else {
                if !isScanned { places[pair.key] = keys.count }
                keys.append(pair.name)
                values.append(pair.value)
            }
        }
        self.keys = keys
        self.values = values
        self.places = places
        depth = 1 + max(keys.lazy.map(\.depth).max() ?? 0, values.lazy.map(\.depth).max() ?? 0)
        weight = (keys + values).reduce(1) { JinjaSequence.added($0, $1.weight) }
    }

    /// A dictionary of strings; the last value of a repeated key holds.
    package convenience init(_ members: [(key: String, value: JinjaValue)]) {
        self.init(
            members.map { member in
                let text = JinjaText(member.key)
                return (key: .string(text), name: .string(text), value: member.value)
            })
    }

    var count: Int { keys.count }

    func value(_ text: JinjaText) -> JinjaValue? {
        guard places.isEmpty else { return places[.string(text)].map { values[$0] } }
        for index in keys.indices {
            if case .string(let key) = keys[index], key == text { return values[index] }
        }
        return nil
    }

    func value(_ key: JinjaKey) -> JinjaValue? {
        guard places.isEmpty else { return places[key].map { values[$0] } }
        return keys.firstIndex { $0.key == key }.map { values[$0] }
    }

    func item(_ index: Int) -> JinjaValue { .tuple(JinjaSequence([keys[index], values[index]])) }

    /// The elements that a view shows.
    func elements(_ view: JinjaView) -> [JinjaValue] {
        switch view {
        case .keys: keys
        case .values: values
        case .items: keys.indices.map(item)
        }
    }
}
