/// The language's filters, and transformers' `tojson`.
enum JinjaFilter: String {
    case abs, attr, batch, capitalize, center, count, d, `default`, dictsort, e, escape, filesizeformat, first, float
    case forceescape, format, groupby, indent, int, items, join, last, length, list, lower, map, max, min, pprint,
        random
    case reject, rejectattr, replace, reverse, round, safe, select, selectattr, slice, sort, string, striptags, sum,
        title
    case tojson, trim, truncate, unique, upper, urlencode, urlize, wordcount, wordwrap, xmlattr
}

extension JinjaInterpreter {
    func filter(named name: String, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        guard let filter = JinjaFilter(rawValue: name) else { throw .type("No filter named '\(name)'.") }
        if case .undefined(.unsafe(let attribute, let owner)) = value, filter != .default, filter != .d {
            throw JinjaUndefined.unsafe(attribute: attribute, of: owner).error
        }
        switch filter {
        case .tojson: return try json(value, arguments)
        case .default, .d:
            let given = try arguments.bound(to: ["default_value", "boolean"], in: name)
            var isMissing = !value.isTrue && given[1]?.isTrue ?? false
            if case .undefined = value { isMissing = true }
            return isMissing ? given[0] ?? .text("") : value
        case .length, .count:
            try checkEmpty(arguments, name)
            return .whole(try length(value))
        case .list:
            try checkEmpty(arguments, name)
            return try list(try elements(of: value))
        case .items, .unique, .batch, .slice:
            return try late { () throws(JinjaError) in try paired(filter, value, arguments) }
        case .first: return try first(value, arguments)
        case .last: return try last(value, arguments)
        case .attr:
            let wanted = try needed(try arguments.required(["name"], in: name)[0], in: name)
            if case .dictionary(let dictionary) = value, dictionary.value(wanted) != nil {
                let found = try attribute(
                    of: .dictionary(JinjaDictionary([(key: String, value: JinjaValue)]())), wanted.string, wanted)
                if case .method(_, let method) = found { return .method(of: value, named: method) }
                return found
            }
            return try attribute(of: value, wanted.string, wanted)
        case .map, .select, .reject, .selectattr, .rejectattr: return try lazyFilter(filter, value, arguments)
        case .sort, .groupby, .dictsort, .min, .max, .sum: return try ordered(filter, value, arguments)
        case .join, .reverse: return try arranged(filter, value, arguments)
        case .abs, .round, .int, .float, .filesizeformat: return try numeric(filter, value, arguments)
        case .random: throw .unsupported("the filter random: the same conversation has to become the same text")
        case .pprint, .urlize, .xmlattr: throw .unsupported("the filter \(name)")
        case .string:
            try checkEmpty(arguments, name)
            return .string(try text(of: value))
        case .e, .escape, .safe, .forceescape, .striptags, .urlencode: return try markup(filter, value, arguments)
        default: return try textFilter(filter, value, arguments)
        }
    }

    /// A generator whose failure is met when it is gone through, as Python's are.
    private func late(_ make: () throws(JinjaError) -> JinjaValue) throws(JinjaError) -> JinjaValue {
        do throws(JinjaError) {
            return try make()
        } catch {
            if case .budget = error { throw error }
            return try generator([], failure: error)
        }
    }

    private func paired(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        guard filter == .items else {
            return try filter == .unique ? ordered(filter, value, arguments) : arranged(filter, value, arguments)
        }
        try checkEmpty(arguments, "items")
        if case .undefined = value { return try generator([]) }
        guard case .dictionary(let dictionary) = value else { throw .type("Can only get item pairs from a mapping.") }
        return try generator(dictionary.elements(.items))
    }

    func checkEmpty(_ arguments: JinjaArguments, _ name: String) throws(JinjaError) {
        _ = try arguments.bound(to: [], in: name)
    }

    /// Python's `len`.
    func length(_ value: JinjaValue) throws(JinjaError) -> Int {
        switch value {
        case .string(let text): return text.count
        case .list(let sequence), .tuple(let sequence): return sequence.elements.count
        case .dictionary(let dictionary), .view(_, let dictionary): return dictionary.count
        case .range(let range): return range.count
        case .undefined: return 0
        case .object(.loop(let place)): return try loopLength(place)
        default: throw .type("object of type '\(value.typeName)' has no len()")
        }
    }

    private func first(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        try checkEmpty(arguments, "first")
        let none = JinjaValue.undefined(.hint("No first item, sequence was empty."))
        if case .object(.generator(let place)) = value { return try generators[place].next() ?? none }
        if case .string(let text) = value {
            return text.scalars.first.map { .string(JinjaText([$0])) } ?? none
        }
        return try elements(of: value).first ?? none
    }

    private func last(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        try checkEmpty(arguments, "last")
        if case .object(.generator) = value { throw .type("'generator' object is not reversible") }
        if case .string(let text) = value, let last = text.scalars.last {
            return .string(JinjaText([last], isMarkup: text.isMarkup))
        }
        return try elements(of: value).last ?? .undefined(.hint("No last item, sequence was empty."))
    }

    /// An attribute by its path: names and numbers with points between them.
    func attribute(of value: JinjaValue, path: JinjaValue) throws(JinjaError) -> JinjaValue {
        guard case .string(let path) = path else { return try item(of: value, path) }
        var value = value
        for part in path.split(at: path.places(of: ["."]), separatorCount: 1) {
            let isNumber = part.isAll { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
            let key = isNumber ? Int128(part.string).map { JinjaValue.integer($0) } : nil
            value = try item(of: value, key ?? .string(part))
        }
        return value
    }

    // MARK: map, select and their kin

    private func lazyFilter(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        guard try value.isTrueOrThrow() else { return try generator([]) }
        var out: [JinjaValue] = []
        do throws(JinjaError) {
            var source = try elementsAndFailure(of: value)
            defer { source.elements = [] }
            for element in source.elements {
                try step()
                if filter == .map {
                    out.append(try mapped(element, arguments))
                } else if try isSelected(element, filter, arguments) {
                    out.append(element)
                }
            }
            if let failure = source.failure { throw failure }
        } catch {
            guard case .budget = error else { return try generator(out, failure: error) }
            throw error
        }
        return try generator(out)
    }

    private func elementsAndFailure(of value: JinjaValue) throws(JinjaError)
        -> (elements: [JinjaValue], failure: JinjaError?)
    {
        if case .object(.generator(let place)) = value { return generators[place].takeAll() }
        return (try elements(of: value), nil)
    }

    private func mapped(_ element: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        if arguments.positional.isEmpty, let path = arguments.named.first(where: { $0.name == "attribute" })?.value {
            var standard: JinjaValue?
            for argument in arguments.named where argument.name != "attribute" {
                guard argument.name == "default" else { throw .type("Unexpected keyword argument '\(argument.name)'") }
                if case .none = argument.value { continue }
                standard = argument.value
            }
            guard let standard else { return try attribute(of: element, path: path) }
            return try attribute(of: element, path: path, standard: standard)
        }
        guard let first = arguments.positional.first else { throw .type("map requires a filter argument") }
        let rest = JinjaArguments(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
        return try self.filter(named: try needed(first, in: "map").string, element, rest)
    }

    /// The same with `standard` in place of every part that is missing.
    func attribute(of value: JinjaValue, path: JinjaValue, standard: JinjaValue) throws(JinjaError) -> JinjaValue {
        guard case .string(let path) = path else {
            let found = try item(of: value, path)
            if case .undefined = found { return standard }
            return found
        }
        var value = value
        for part in path.split(at: path.places(of: ["."]), separatorCount: 1) {
            value = try attribute(of: value, path: .string(part))
            if case .undefined = value { value = standard }
        }
        return value
    }

    private func isSelected(_ element: JinjaValue, _ filter: JinjaFilter, _ arguments: JinjaArguments)
        throws(JinjaError)
        -> Bool
    {
        var positional = arguments.positional[...]
        var tested = element
        if filter == .selectattr || filter == .rejectattr {
            guard let path = positional.popFirst() else { throw .type("Missing parameter for attribute name") }
            tested = try attribute(of: element, path: path)
        }
        let isMet: Bool
        if let name = positional.popFirst() {
            let rest = JinjaArguments(positional: Array(positional), named: arguments.named)
            isMet = try test(named: try needed(name, in: filter.rawValue).string, tested, rest)
        } else {
            isMet = try tested.isTrueOrThrow()
        }
        return isMet == (filter == .select || filter == .selectattr)
    }
}
