extension JinjaInterpreter {
    /// Python's limit of the sandbox for `range`.
    private static let longestRange = 100_000

    func call(_ function: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        switch function {
        case .object(.macro(let place)): return try invoke(macros[place], arguments)
        case .method(let receiver, let name): return try callMethod(name, of: receiver, arguments)
        case .function(let function): return try call(function, arguments)
        case .object(.loop(let place)): return try recurse(place, arguments)
        case .object(.joiner(let place)):
            defer { joiners[place].isUsed = true }
            return joiners[place].isUsed ? joiners[place].separator : .text("")
        case .undefined(let undefined): throw undefined.error
        default: throw .type("'\(function.typeName)' object is not callable")
        }
    }

    private func callMethod(_ name: String, of receiver: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        switch receiver {
        case .string(let text):
            guard let method = JinjaStringMethod(rawValue: name) else { break }
            return try call(method, of: text, arguments)
        case .dictionary(let dictionary): return try callDictionaryMethod(name, of: dictionary, arguments)
        case .list, .tuple, .range: return try callSequenceMethod(name, of: receiver, arguments)
        case .function(.dict): return try dictionaryFromKeys(arguments)
        case .object(.loop(let place)):
            if name == "cycle" {
                guard !arguments.positional.isEmpty else { throw .type("no items for cycling given") }
                return arguments.positional[loops[place].index % arguments.positional.count]
            }
            let values = arguments.positional
            if let known = loops[place].changed, known.count == values.count {
                var isSame = true
                for (old, new) in zip(known, values) where !(try areEqual(old, new)) { isSame = false }
                if isSame { return .bool(false) }
            }
            loops[place].changed = values
            return .bool(true)
        case .object(.cycler(let place)):
            if name == "reset" {
                cyclers[place].position = 0
                return .none
            }
            let current = cyclers[place].items[cyclers[place].position]
            cyclers[place].position = (cyclers[place].position + 1) % cyclers[place].items.count
            return current
        default: break
        }
        throw .unsupported("the method \(name) of \(receiver.typeName)")
    }

    private func callDictionaryMethod(_ name: String, of dictionary: JinjaDictionary, _ arguments: JinjaArguments)
        throws(JinjaError) -> JinjaValue
    {
        switch name {
        case "get":
            let given = try arguments.bound(to: ["/key", "/default"], in: name)
            guard let wanted = given[0] else { throw .type("get expected at least 1 argument, got 0") }
            guard let key = wanted.key else { throw .type("unhashable type: '\(wanted.typeName)'") }
            return dictionary.value(key) ?? given[1] ?? .none
        case "fromkeys": return try dictionaryFromKeys(arguments)
        default: break
        }
        _ = try arguments.required([], in: name)
        switch name {
        case "items": return .view(.items, dictionary)
        case "keys": return .view(.keys, dictionary)
        case "values": return .view(.values, dictionary)
        default: return .dictionary(dictionary)
        }
    }

    private func dictionaryFromKeys(_ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["/iterable", "/value"], in: "fromkeys")
        guard let keys = given[0] else { throw .type("fromkeys expected at least 1 argument, got 0") }
        return .dictionary(try dictionary(try elements(of: keys).map { ($0, given[1] ?? .none) }))
    }

    private func callSequenceMethod(_ name: String, of receiver: JinjaValue, _ arguments: JinjaArguments)
        throws(JinjaError) -> JinjaValue
    {
        if name == "copy" { return receiver }
        let given = try arguments.bound(to: ["/value", "/start", "/stop"], in: name)
        guard let wanted = given[0] else { throw .type("\(name) expected at least 1 argument, got 0") }
        let elements = try elements(of: receiver)
        if name == "count" {
            var count = 0
            for element in elements where try areEqual(element, wanted) { count += 1 }
            return .whole(count)
        }
        func place(_ value: JinjaValue?, _ standard: Int) throws(JinjaError) -> Int {
            guard let value else { return standard }
            let place = try integer(value)
            return min(max(place < 0 ? place + elements.count : place, 0), elements.count)
        }
        let (start, stop) = (try place(given[1], 0), try place(given[2], elements.count))
        if start < stop {
            for index in start..<stop where try areEqual(elements[index], wanted) { return .whole(index) }
        }
        throw .value("\(try representation(of: wanted).string) is not in \(receiver.typeName)")
    }

    private func call(_ function: JinjaFunction, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        switch function {
        case .raiseException:
            let message = try arguments.required(["message"], in: function.rawValue)[0]
            throw .raised(try text(of: message).string)
        case .strftimeNow:
            guard case .string(let format) = try arguments.required(["format"], in: function.rawValue)[0] else {
                throw .type("strftime_now() takes a string")
            }
            return .string(try now().formatted(format))
        case .range: return try range(arguments)
        case .dict: return .dictionary(try makeDictionary(arguments))
        case .namespace:
            let members = try makeDictionary(arguments)
            for case .string(let name) in members.keys { try checkNamespaceName(name.string) }
            namespaces.append(members)
            try charge(64)
            return .object(.namespace(namespaces.count - 1))
        case .cycler:
            guard !arguments.positional.isEmpty else { throw .type("at least one item has to be provided") }
            cyclers.append((items: arguments.positional, position: 0))
            return .object(.cycler(cyclers.count - 1))
        case .joiner:
            let separator = try arguments.bound(to: ["sep"], in: "joiner")[0] ?? .text(", ")
            joiners.append((separator: separator, isUsed: false))
            return .object(.joiner(joiners.count - 1))
        case .lipsum: throw .unsupported("lipsum: its text is random")
        case .selfReference: throw .type("'TemplateReference' object is not callable")
        }
    }

    private func range(_ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["/start", "/stop", "/step"], in: "range")
        guard let first = given[0] else { throw .type("range expected at least 1 argument, got 0") }
        let start = given[1] == nil ? 0 : try integer(first)
        let stop = try integer(given[1] ?? first)
        let step = try given[2].map { value throws(JinjaError) in try integer(value) } ?? 1
        guard step != 0 else { throw .value("range() arg 3 must not be zero") }
        let largest = 1 << 60
        guard max(start.magnitude, stop.magnitude, step.magnitude) < largest else {
            throw .overflow("range() of numbers beyond 2^60")
        }
        let range = JinjaRange(start: start, stop: stop, step: step)
        guard range.count <= Self.longestRange else {
            throw .budget("Range too big. The sandbox blocks ranges larger than MAX_RANGE (\(Self.longestRange)).")
        }
        return .range(range)
    }

    /// `dict(mapping or pairs, **names)`.
    private func makeDictionary(_ arguments: JinjaArguments) throws(JinjaError) -> JinjaDictionary {
        guard arguments.positional.count <= 1 else {
            throw .type("dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        var pairs: [(JinjaValue, JinjaValue)] = []
        switch arguments.positional.first {
        case nil: break
        case .dictionary(let dictionary):
            for index in dictionary.keys.indices { pairs.append((dictionary.keys[index], dictionary.values[index])) }
        case .some(let value):
            for element in try elements(of: value) {
                let pair = try elements(of: element)
                guard pair.count == 2 else { throw .value("dict() takes pairs, not \(pair.count) elements") }
                pairs.append((pair[0], pair[1]))
            }
        }
        for argument in arguments.named { pairs.append((.text(argument.name), argument.value)) }
        return try dictionary(pairs)
    }
}
