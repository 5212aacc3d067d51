/// Python's methods of strings.
enum JinjaStringMethod: String {
    case strip, lstrip, rstrip, split, rsplit, startswith, endswith, replace, find, rfind, index, rindex, count, join
    case format, upper, lower, swapcase, capitalize, title, casefold, splitlines, isdigit, isalpha, isalnum, isspace
    case isupper, islower, isnumeric, isdecimal, istitle, isascii, isprintable, isidentifier, ljust, rjust, center,
        zfill
    case partition, rpartition, removeprefix, removesuffix, expandtabs
    case formatMap = "format_map"
    case encode, translate, maketrans
}

extension JinjaInterpreter {
    func call(_ method: JinjaStringMethod, of text: JinjaText, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        try step(1 + text.count / 8)
        let name = method.rawValue
        switch method {
        case .strip, .lstrip, .rstrip:
            let set = try optionalText(try arguments.bound(to: ["/chars"], in: name)[0], in: name)
            return try made(text.stripped(set?.scalars, left: method != .rstrip, right: method != .lstrip))
        case .split, .rsplit: return try split(text, fromEnd: method == .rsplit, arguments)
        case .startswith, .endswith: return try starts(text, atEnd: method == .endswith, arguments)
        case .replace:
            let given = try arguments.bound(to: ["/old", "/new", "count"], in: name)
            guard let old = given[0], let new = given[1] else { throw .type("replace expected at least 2 arguments") }
            let limit = try given[2].map { value throws(JinjaError) in try integer(value) } ?? -1
            let (from, to) = (try needed(old, in: name), try needed(new, in: name))
            return .string(try replacing(text, from, text.isMarkup ? to.escaped : to, atMost: limit))
        case .find, .rfind, .index, .rindex, .count: return try search(text, method, arguments)
        case .join:
            let parts = try elements(of: try arguments.required(["/iterable"], in: name)[0])
            for (index, part) in parts.enumerated() {
                guard case .string = part else {
                    throw .type("sequence item \(index): expected str instance, \(part.typeName) found")
                }
            }
            return .string(try joined(parts, separator: text))
        case .format: return .string(try formatted(text, arguments))
        case .formatMap:
            guard case .dictionary(let names) = try arguments.required(["/mapping"], in: name)[0] else {
                throw .type("format_map() takes a mapping")
            }
            var given = JinjaArguments()
            for index in names.keys.indices {
                if case .string(let key) = names.keys[index] {
                    given.named.append((name: key.string, value: names.values[index]))
                }
            }
            return .string(try formatted(text, given))
        case .splitlines:
            let keeps = try arguments.bound(to: ["keepends"], in: name)[0]?.isTrue ?? false
            return try list(text.lines(keepsEnds: keeps).map(JinjaValue.string))
        case .ljust, .rjust, .center, .zfill, .expandtabs: return try padded(text, method, arguments)
        case .partition, .rpartition:
            let separator = try separator(try arguments.required(["/sep"], in: name)[0], in: name)
            let place =
                method == .partition ? text.firstIndex(of: separator.scalars) : text.lastIndex(of: separator.scalars)
            let empty = JinjaText("")
            guard let place else {
                return try tuple(method == .partition ? [text, empty, empty] : [empty, empty, text])
            }
            return try tuple([
                JinjaText(text.scalars[..<place]), separator, JinjaText(text.scalars[(place + separator.count)...]),
            ])
        case .removeprefix, .removesuffix:
            let part = try needed(try arguments.required(["/part"], in: name)[0], in: name).scalars
            if method == .removeprefix {
                return try made(
                    text.hasPrefix(part) ? JinjaText(text.scalars.dropFirst(part.count), isMarkup: text.isMarkup) : text
                )
            }
            return try made(
                text.hasSuffix(part) ? JinjaText(text.scalars.dropLast(part.count), isMarkup: text.isMarkup) : text)
        case .encode, .translate, .maketrans: throw .unsupported("the string method \(name)")
        default:
            _ = try arguments.required([], in: name)
            return try property(method, of: text)
        }
    }

    /// Methods without arguments.
    private func property(_ method: JinjaStringMethod, of text: JinjaText) throws(JinjaError) -> JinjaValue {
        switch method {
        case .upper: return try made(text.uppercased)
        case .lower: return try made(text.lowercased)
        case .swapcase: return try made(text.swappedCase)
        case .capitalize: return try made(text.capitalized)
        case .title: return try made(text.titled)
        case .casefold:
            var folded = text.lowercased
            if folded.scalars.contains("ß") { folded = try replacing(folded, "ß", "ss", atMost: -1) }
            guard folded.scalars.allSatisfy({ $0.isASCII || $0 < "\u{250}" }) else {
                throw .unsupported("casefold of letters beyond Latin")
            }
            return try made(folded)
        case .isdigit:
            return .bool(text.isAll { $0.properties.numericType == .decimal || $0.properties.numericType == .digit })
        case .isdecimal: return .bool(text.isAll { $0.properties.numericType == .decimal })
        case .isnumeric: return .bool(text.isAll { $0.properties.numericType != nil })
        case .isalpha: return .bool(text.isAll(\.isLetter))
        case .isalnum: return .bool(text.isAll { $0.isLetter || $0.properties.numericType != nil })
        case .isspace: return .bool(text.isAll(\.isPythonSpace))
        case .isupper: return .bool(text.isUpper)
        case .islower: return .bool(text.isLower)
        case .istitle: return .bool(text.isTitle)
        case .isascii: return .bool(text.scalars.allSatisfy(\.isASCII))
        case .isprintable: return .bool(text.scalars.allSatisfy(\.isPrintable))
        case .isidentifier:
            let starts = text.scalars.first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
            return .bool(starts && text.scalars.dropFirst().allSatisfy(\.properties.isXIDContinue))
        default: throw .unsupported("the string method \(method.rawValue)")
        }
    }

    private func split(_ text: JinjaText, fromEnd: Bool, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let name = fromEnd ? "rsplit" : "split"
        let given = try arguments.bound(to: ["sep", "maxsplit"], in: name)
        let asked = try given[1].map { value throws(JinjaError) in try integer(value) } ?? -1
        let limit = asked < 0 ? Int.max : asked
        guard let wanted = given[0], try optionalText(wanted, in: name) != nil else {
            return try list(
                (fromEnd ? text.wordsFromEnd(atMost: limit) : text.words(atMost: limit)).map(JinjaValue.string))
        }
        let separator = try separator(wanted, in: name)
        let places: [Int]
        if fromEnd {
            let mirrored = JinjaText(text.scalars.reversed())
            places = mirrored.places(of: separator.scalars.reversed(), atMost: limit).reversed()
                .map { text.count - $0 - separator.count }
        } else {
            places = text.places(of: separator.scalars, atMost: limit)
        }
        return try list(text.split(at: places, separatorCount: separator.count).map(JinjaValue.string))
    }

    /// The places `start` and `stop` of a method on a text.
    private func bounds(_ start: JinjaValue?, _ stop: JinjaValue?, _ count: Int) throws(JinjaError) -> (Int, Int) {
        func place(_ value: JinjaValue?, _ standard: Int) throws(JinjaError) -> Int {
            guard let value else { return standard }
            if case .none = value { return standard }
            let place = try integer(value)
            return place < 0 ? max(0, place + count) : place
        }
        return (try place(start, 0), min(try place(stop, count), count))
    }

    private func starts(_ text: JinjaText, atEnd: Bool, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let name = atEnd ? "endswith" : "startswith"
        let given = try arguments.bound(to: ["/part", "/start", "/end"], in: name)
        guard let wanted = given[0] else { throw .type("\(name)() takes at least 1 argument (0 given)") }
        let (start, stop) = try bounds(given[1], given[2], text.count)
        var parts = [wanted]
        if case .tuple(let sequence) = wanted { parts = sequence.elements }
        for part in parts {
            guard case .string(let part) = part else {
                throw .type("\(name) first arg must be str or a tuple of str, not \(part.typeName)")
            }
            guard start <= stop else { continue }
            if atEnd
                ? text.hasSuffix(part.scalars, from: start, to: stop)
                : text.hasPrefix(part.scalars, from: start, to: stop)
            {
                return .bool(true)
            }
        }
        return .bool(false)
    }

    private func search(_ text: JinjaText, _ method: JinjaStringMethod, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        let given = try arguments.bound(to: ["/sub", "/start", "/end"], in: method.rawValue)
        guard let wanted = given[0] else { throw .type("\(method.rawValue)() takes at least 1 argument (0 given)") }
        let needle = try needed(wanted, in: method.rawValue).scalars
        let (start, stop) = try bounds(given[1], given[2], text.count)
        if method == .count {
            return .whole(start <= stop ? text.places(of: needle, from: start, to: stop).count : 0)
        }
        let isLast = method == .rfind || method == .rindex
        let place =
            isLast
            ? text.lastIndex(of: needle, from: start, to: stop) : text.firstIndex(of: needle, from: start, to: stop)
        if place == nil, method == .index || method == .rindex { throw .value("substring not found") }
        return .whole(place ?? -1)
    }

    private func tuple(_ texts: [JinjaText]) throws(JinjaError) -> JinjaValue {
        try charge(texts.reduce(0) { $0 + $1.count })
        return .tuple(try sequence(texts.map(JinjaValue.string)))
    }
}
