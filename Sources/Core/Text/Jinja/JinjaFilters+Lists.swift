extension JinjaInterpreter {
    /// Filters that compare: `sort`, `unique`, `groupby`, `dictsort`, `min`, `max`, `sum`.
    func ordered(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        let name = filter.rawValue
        switch filter {
        case .sort:
            let given = try arguments.bound(to: ["reverse", "case_sensitive", "attribute"], in: name)
            let elements = try elements(of: value)
            var keys: [JinjaValue] = []
            for element in elements { keys.append(try sortKey(element, given[2], isExact(given[1]))) }
            return try list(try sortedPlaces(of: keys, reversed: given[0]?.isTrue ?? false).map { elements[$0] })
        case .unique:
            let given = try arguments.bound(to: ["case_sensitive", "attribute"], in: name)
            var seen: Set<JinjaKey> = []
            var out: [JinjaValue] = []
            for element in try elements(of: value) {
                let wanted = try key(element, given[1], isExact(given[0]))
                try step(wanted.weight)
                guard let key = wanted.key else { throw .type("unhashable type: '\(wanted.typeName)'") }
                if seen.insert(key).inserted { out.append(element) }
            }
            return try generator(out)
        case .dictsort: return try dictionarySorted(value, arguments)
        case .groupby: return try grouped(value, arguments)
        case .min, .max:
            let given = try arguments.bound(to: ["case_sensitive", "attribute"], in: name)
            var best: (value: JinjaValue, key: JinjaValue)?
            for element in try elements(of: value) {
                let key = try key(element, given[1], isExact(given[0]))
                guard let current = best else {
                    best = (element, key)
                    continue
                }
                if try filter == .min ? isLess(key, current.key) : isLess(current.key, key, sign: ">") {
                    best = (element, key)
                }
            }
            return best?.value ?? .undefined(.hint("No aggregated item, sequence was empty."))
        default:
            let given = try arguments.bound(to: ["attribute", "start"], in: name)
            var sum = given[1] ?? .integer(0)
            if case .string = sum { throw .type("sum() can't sum strings [use ''.join(seq) instead]") }
            for element in try elements(of: value) {
                let part =
                    try optional(given[0]).map { path throws(JinjaError) in try attribute(of: element, path: path) }
                    ?? element
                sum = try arithmetic(.add, sum, part)
            }
            return sum
        }
    }

    private func isExact(_ value: JinjaValue?) -> Bool { value?.isTrue ?? false }

    private func optional(_ value: JinjaValue?) -> JinjaValue? {
        if case .some(.none) = value { return nil }
        return value
    }

    /// What an element is compared by: itself or its attribute, in lower case unless exact.
    private func key(_ element: JinjaValue, _ path: JinjaValue?, _ isExact: Bool, standard: JinjaValue? = nil)
        throws(JinjaError) -> JinjaValue
    {
        var key = element
        if let path = optional(path) {
            key =
                if let standard {
                    try attribute(of: element, path: path, standard: standard)
                } else {
                    try attribute(of: element, path: path)
                }
        }
        guard !isExact, case .string(let text) = key else { return key }
        return try made(text.lowercased)
    }

    /// The same for `sort`, whose attribute may be several with commas between them.
    private func sortKey(_ element: JinjaValue, _ path: JinjaValue?, _ isExact: Bool) throws(JinjaError) -> JinjaValue {
        guard case .string(let paths) = path, paths.scalars.contains(",") else {
            return try key(element, path, isExact)
        }
        var keys: [JinjaValue] = []
        for part in paths.split(at: paths.places(of: [","]), separatorCount: 1) {
            keys.append(try key(element, .string(part), isExact))
        }
        return .list(try sequence(keys))
    }

    /// The places of `keys` in ascending order, equal ones in theirs; descending where `reversed`.
    func sortedPlaces(of keys: [JinjaValue], reversed: Bool = false) throws(JinjaError) -> [Int] {
        var places = Array(keys.indices)
        if reversed { places.reverse() }
        var width = 1
        while width < places.count {
            var merged: [Int] = []
            merged.reserveCapacity(places.count)
            var start = 0
            while start < places.count {
                let middle = min(start + width, places.count)
                let end = min(start + 2 * width, places.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    if try isLess(keys[places[right]], keys[places[left]]) {
                        merged.append(places[right])
                        right += 1
                    } else {
                        merged.append(places[left])
                        left += 1
                    }
                }
                merged += places[left..<middle] + places[right..<end]
                start = end
            }
            places = merged
            width *= 2
        }
        return reversed ? places.reversed() : places
    }

    private func dictionarySorted(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["case_sensitive", "by", "reverse"], in: "dictsort")
        guard case .dictionary(let dictionary) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .type("dictsort needs a dictionary, not \(value.typeName)")
        }
        var elements = dictionary.keys
        switch try given[1].map({ value throws(JinjaError) in try needed(value, in: "dictsort").string }) ?? "key" {
        case "key": break
        case "value": elements = dictionary.values
        default: throw .value("You can only sort by either \"key\" or \"value\"")
        }
        var keys: [JinjaValue] = []
        for element in elements { keys.append(try key(element, nil, isExact(given[0]))) }
        return try list(try sortedPlaces(of: keys, reversed: given[2]?.isTrue ?? false).map(dictionary.item))
    }

    private func grouped(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["attribute", "default", "case_sensitive"], in: "groupby")
        guard let path = given[0] else { throw .type("groupby() misses its argument 'attribute'") }
        let standard = optional(given[1])
        let elements = try elements(of: value)
        var keys: [JinjaValue] = []
        for element in elements { keys.append(try key(element, path, isExact(given[2]), standard: standard)) }
        var groups: [(key: JinjaValue, elements: [JinjaValue])] = []
        for place in try sortedPlaces(of: keys) {
            if let last = groups.last, try areEqual(last.key, keys[place]) {
                groups[groups.count - 1].elements.append(elements[place])
            } else {
                groups.append((key: keys[place], elements: [elements[place]]))
            }
        }
        var out: [JinjaValue] = []
        for group in groups {
            let name = try key(group.elements[0], path, true, standard: standard)
            out.append(.tuple(try sequence([name, try list(group.elements)], isGroup: true)))
        }
        return try list(out)
    }

    /// `join`, `reverse`, `batch` and `slice`.
    func arranged(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        switch filter {
        case .join:
            let given = try arguments.bound(to: ["d", "attribute"], in: "join")
            var parts = try elements(of: value)
            if let path = optional(given[1]) {
                for index in parts.indices { parts[index] = try attribute(of: parts[index], path: path) }
            }
            var separator = try given[0].map { value throws(JinjaError) in try text(of: value) } ?? ""
            separator.isMarkup = escapesOutput && separator.isMarkup
            return .string(try joined(parts, separator: separator))
        case .reverse:
            try checkEmpty(arguments, "reverse")
            if case .string(let text) = value {
                return try made(JinjaText(text.scalars.reversed(), isMarkup: text.isMarkup))
            }
            let reversed = Array(try elements(of: value).reversed())
            if case .object(.generator) = value { return try list(reversed) }
            return try generator(reversed)
        case .batch:
            let given = try arguments.bound(to: ["linecount", "fill_with"], in: "batch")
            guard let wanted = given[0] else { throw .type("batch() misses its argument 'linecount'") }
            return try batches(try elements(of: value), try integer(wanted), filling: optional(given[1]))
        default:
            let given = try arguments.bound(to: ["slices", "fill_with"], in: "slice")
            guard let wanted = given[0] else { throw .type("slice() misses its argument 'slices'") }
            return try slices(try elements(of: value), try integer(wanted), filling: optional(given[1]))
        }
    }

    private func batches(_ elements: [JinjaValue], _ size: Int, filling: JinjaValue?) throws(JinjaError) -> JinjaValue {
        guard size > 0 else { throw .value("batch() needs a number above 0") }
        var out: [JinjaValue] = []
        var start = 0
        while start < elements.count {
            var part = Array(elements[start..<min(start + size, elements.count)])
            if let filling {
                let missing = size - part.count
                try charge(8, times: missing)
                part += repeatElement(filling, count: missing)
            }
            out.append(try list(part))
            start += size
        }
        return try generator(out)
    }

    private func slices(_ elements: [JinjaValue], _ count: Int, filling: JinjaValue?) throws(JinjaError) -> JinjaValue {
        guard count > 0 else { throw .value("slice() needs a number above 0") }
        try charge(64, times: count)
        let (size, longer) = elements.count.quotientAndRemainder(dividingBy: count)
        var out: [JinjaValue] = []
        var start = 0
        for index in 0..<count {
            let end = start + size + (index < longer ? 1 : 0)
            var part = Array(elements[start..<end])
            if let filling, index >= longer { part.append(filling) }
            out.append(try list(part))
            start = end
        }
        return try generator(out)
    }
}
