extension JinjaInterpreter {
    private static let dictionaryMethods: Set<String> = ["get", "items", "keys", "values", "copy", "fromkeys"]
    private static let dictionaryChanges: Set<String> = ["update", "pop", "popitem", "clear", "setdefault"]
    private static let listMethods: Set<String> = ["index", "count", "copy"]
    private static let listChanges: Set<String> = [
        "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear",
    ]
    private static let numberMembers: Set<String> = [
        "real", "imag", "numerator", "denominator", "bit_length", "bit_count", "conjugate", "to_bytes", "from_bytes",
        "as_integer_ratio", "is_integer", "hex", "fromhex",
    ]

    /// `owner.name`: a member of the object, else of the dictionary.
    func attribute(of owner: JinjaValue, _ name: String, _ text: JinjaText) throws(JinjaError) -> JinjaValue {
        if let member = try member(of: owner, name) { return member }
        if case .dictionary(let dictionary) = owner, let value = dictionary.value(text) { return value }
        return .undefined(.attribute(of: owner.ownerName, name))
    }

    /// `owner[key]`: an element, else a member of the object.
    func item(of owner: JinjaValue, _ key: JinjaValue) throws(JinjaError) -> JinjaValue {
        if let element = try element(of: owner, key) { return element }
        guard case .string(let name) = key else {
            return .undefined(.element(of: owner.ownerName, try representation(of: key).string))
        }
        return try member(of: owner, name.string) ?? .undefined(.attribute(of: owner.ownerName, name.string))
    }

    /// An element of a container; nil where it has none there.
    private func element(of owner: JinjaValue, _ key: JinjaValue) throws(JinjaError) -> JinjaValue? {
        let count: Int
        switch owner {
        case .undefined(let undefined): throw undefined.error
        case .dictionary(let dictionary):
            if case .string(let text) = key { return dictionary.value(text) }
            return key.key.flatMap { dictionary.value($0) }
        case .list(let sequence), .tuple(let sequence): count = sequence.elements.count
        case .string(let text): count = text.count
        case .range(let range): count = range.count
        default: return nil
        }
        guard case .integer(let number) = key.number, let given = Int(exactly: number) else { return nil }
        if case .float = key { return nil }
        let index = given < 0 ? given + count : given
        guard index >= 0, index < count else { return nil }
        switch owner {
        case .list(let sequence), .tuple(let sequence): return sequence.elements[index]
        case .string(let text): return .string(JinjaText([text.scalars[index]], isMarkup: text.isMarkup))
        case .range(let range): return .whole(range.start + index * range.step)
        default: return nil
        }
    }

    /// A member of the object itself; nil where it has none of that name.
    private func member(of owner: JinjaValue, _ name: String) throws(JinjaError) -> JinjaValue? {
        if case .undefined(let undefined) = owner { throw undefined.error }
        if name.hasPrefix("__"), name.hasSuffix("__"), name.utf8.count > 4 {
            return .undefined(.unsafe(attribute: name, of: owner.typeName))
        }
        switch owner {
        case .dictionary:
            if Self.dictionaryMethods.contains(name) { return .method(of: owner, named: name) }
            return Self.dictionaryChanges.contains(name) ? .undefined(.unsafe(attribute: name, of: "dict")) : nil
        case .string: return JinjaStringMethod(rawValue: name) == nil ? nil : .method(of: owner, named: name)
        case .list:
            if Self.listMethods.contains(name) { return .method(of: owner, named: name) }
            return Self.listChanges.contains(name) ? .undefined(.unsafe(attribute: name, of: "list")) : nil
        case .tuple(let sequence):
            if sequence.isGroup, name == "grouper" { return sequence.elements[0] }
            if sequence.isGroup, name == "list" { return sequence.elements[1] }
            return name == "index" || name == "count" ? .method(of: owner, named: name) : nil
        case .range(let range):
            switch name {
            case "start": return .whole(range.start)
            case "stop": return .whole(range.stop)
            case "step": return .whole(range.step)
            default: return name == "index" || name == "count" ? .method(of: owner, named: name) : nil
            }
        case .bool, .integer, .float:
            if Self.numberMembers.contains(name) { throw .unsupported("the member \(name) of numbers") }
            return nil
        case .object(.namespace(let place)): return namespaces[place].value(JinjaText(name))
        case .object(.loop(let place)): return try loopMember(place, name)
        case .object(.macro(let place)): return try macroMember(macros[place].definition, name)
        case .object(.cycler(let place)):
            if name == "current" { return cyclers[place].items[cyclers[place].position] }
            return name == "next" || name == "reset" ? .method(of: owner, named: name) : nil
        case .function(.dict): return name == "fromkeys" ? .method(of: owner, named: name) : nil
        default: return nil
        }
    }

    private func macroMember(_ macro: JinjaMacroSyntax, _ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "name": return .text(macro.name)
        case "arguments": return .tuple(try sequence(macro.parameters.map { .text($0.name) }))
        case "caller": return .bool(macro.takesCaller)
        case "catch_kwargs": return .bool(macro.takesNamedRest)
        case "catch_varargs": return .bool(macro.takesPositionalRest)
        default: return nil
        }
    }

    /// `owner[start:stop:step]`.
    func slice(_ owner: JinjaValue, _ start: Int?, _ stop: Int?, _ step: Int?) throws(JinjaError) -> JinjaValue {
        let step = step ?? 1
        guard step != 0 else { throw .value("slice step cannot be zero") }
        func places(_ count: Int) -> JinjaRange {
            func clamped(_ bound: Int) -> Int {
                let place = bound < 0 ? max(bound, -count - 1) + count : bound
                return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
            }
            return JinjaRange(
                start: start.map(clamped) ?? (step > 0 ? 0 : count - 1),
                stop: stop.map(clamped) ?? (step > 0 ? count : -1), step: min(max(step, -count - 1), count + 1))
        }
        func taken(_ elements: [JinjaValue]) throws(JinjaError) -> JinjaSequence {
            let range = places(elements.count)
            return try sequence((0..<range.count).map { elements[range.start + $0 * range.step] })
        }
        switch owner {
        case .string(let text):
            let range = places(text.count)
            try charge(range.count)
            if range.step == 1 {
                let end = max(range.start, range.stop)
                return .string(JinjaText(text.scalars[range.start..<end], isMarkup: text.isMarkup))
            }
            return .string(
                JinjaText(
                    (0..<range.count).map { text.scalars[range.start + $0 * range.step] }, isMarkup: text.isMarkup))
        case .list(let sequence): return .list(try taken(sequence.elements))
        case .tuple(let sequence): return .tuple(try taken(sequence.elements))
        case .range(let range):
            let part = places(range.count)
            return .range(
                JinjaRange(
                    start: range.start + part.start * range.step, stop: range.start + part.stop * range.step,
                    step: range.step * part.step))
        case .undefined(let undefined): throw undefined.error
        default: throw .type("'\(owner.typeName)' object is not subscriptable")
        }
    }
}
