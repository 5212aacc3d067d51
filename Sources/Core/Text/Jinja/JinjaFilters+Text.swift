extension JinjaInterpreter {
    /// Filters that make text of text.
    func textFilter(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        let name = filter.rawValue
        switch filter {
        case .indent: return try indented(value, arguments)
        case .truncate, .wordwrap:
            return filter == .truncate
                ? try truncated(value, arguments) : try wrapped(try needed(value, in: name), arguments)
        default: break
        }
        let text = try text(of: value)
        try step(1 + text.count / 8)
        switch filter {
        case .upper, .lower, .capitalize, .title, .wordcount:
            try checkEmpty(arguments, name)
            return try cased(filter, text)
        case .trim:
            let set = try optionalText(try arguments.bound(to: ["chars"], in: name)[0], in: name)
            return try made(text.stripped(set?.scalars))
        case .center:
            let width = try arguments.bound(to: ["width"], in: name)[0] ?? .integer(80)
            return try padded(text, .center, JinjaArguments(positional: [width]))
        case .replace:
            let given = try arguments.bound(to: ["old", "new", "count"], in: name)
            guard let old = given[0], let new = given[1] else { throw .type("replace() misses an argument") }
            var limit = -1
            if let count = given[2] { if case .none = count {} else { limit = try integer(count) } }
            var plain = text
            plain.isMarkup = false
            return .string(try replacing(plain, try self.text(of: old), try self.text(of: new), atMost: limit))
        case .format:
            guard arguments.positional.isEmpty || arguments.named.isEmpty else {
                throw .type("can't handle positional and keyword arguments at the same time")
            }
            if arguments.named.isEmpty {
                return .string(try formatted(text, with: .tuple(try sequence(arguments.positional))))
            }
            let names = try dictionary(arguments.named.map { (.text($0.name), $0.value) })
            return .string(try formatted(text, with: .dictionary(names)))
        default: throw .unsupported("the filter \(name)")
        }
    }

    private func cased(_ filter: JinjaFilter, _ text: JinjaText) throws(JinjaError) -> JinjaValue {
        switch filter {
        case .upper: return try made(text.uppercased)
        case .lower: return try made(text.lowercased)
        case .capitalize: return try made(text.capitalized)
        case .title: return try made(text.titledByWords)
        default:
            var count = 0
            var isInside = false
            for scalar in text.scalars {
                if scalar.isWordCharacter, !isInside { count += 1 }
                isInside = scalar.isWordCharacter
            }
            return .whole(count)
        }
    }

    private func indented(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let text = try needed(value, in: "indent")
        let given = try arguments.bound(to: ["width", "first", "blank"], in: "indent")
        var indentation: [Unicode.Scalar]
        if case .string(let text) = given[0] {
            indentation = text.scalars
        } else {
            let width = max(0, try given[0].map { value throws(JinjaError) in try integer(value) } ?? 4)
            try charge(width)
            indentation = [Unicode.Scalar](repeating: " ", count: width)
        }
        let indentsBlank = given[2]?.isTrue ?? false
        let lines = JinjaText(text.scalars + ["\n"]).lines()
        try charge(indentation.count, times: lines.count)
        var out: [Unicode.Scalar] = given[1]?.isTrue ?? false ? indentation : []
        for (index, line) in lines.enumerated() {
            if index > 0 {
                out.append("\n" as Unicode.Scalar)
                if indentsBlank || !line.isEmpty { out.append(contentsOf: indentation) }
            }
            out.append(contentsOf: line.scalars)
        }
        return try made(JinjaText(out, isMarkup: text.isMarkup))
    }

    private func truncated(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["length", "killwords", "end", "leeway"], in: "truncate")
        let length = try given[0].map { value throws(JinjaError) in try integer(value) } ?? 255
        let end = try optionalText(given[2], in: "truncate") ?? "..."
        var leeway = 5
        if let value = given[3] { if case .none = value {} else { leeway = try integer(value) } }
        guard length >= end.count, leeway >= 0 else {
            throw .value("expected length >= \(end.count), got \(length), and leeway >= 0, got \(leeway)")
        }
        if try self.length(value) - length <= leeway { return value }
        let text = try needed(value, in: "truncate")
        var kept = JinjaText(text.scalars[..<(length - end.count)], isMarkup: text.isMarkup)
        if !(given[1]?.isTrue ?? false), let space = kept.lastIndex(of: [" "]) {
            kept = JinjaText(kept.scalars[..<space], isMarkup: text.isMarkup)
        }
        return try made(JinjaText(kept.scalars + end.scalars, isMarkup: text.isMarkup))
    }

    /// Lines of at most `width` characters, broken at white space and behind hyphens.
    private func wrapped(_ text: JinjaText, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let names = ["width", "break_long_words", "wrapstring", "break_on_hyphens"]
        let given = try arguments.bound(to: names, in: "wordwrap")
        let width = try given[0].map { value throws(JinjaError) in try integer(value) } ?? 79
        guard width > 0 else { throw .value("invalid width \(width) (must be > 0)") }
        let ending = try optionalText(given[2], in: "wordwrap") ?? "\n"
        var lines: [JinjaValue] = []
        for line in text.lines() {
            var current: [Unicode.Scalar] = []
            var isFirst = true
            for word in chunks(of: line) {
                guard word.count <= width, !word.scalars.contains("-") else {
                    throw .unsupported("wordwrap of words with hyphens or longer than a line")
                }
                let isSpace = word.scalars[0].isPythonSpace
                if current.isEmpty, isSpace, !isFirst { continue }
                if current.count + word.count > width {
                    lines.append(.string(JinjaText(current).stripped(nil, left: false)))
                    isFirst = false
                    current = isSpace ? [] : word.scalars
                } else {
                    current += word.scalars
                }
            }
            lines.append(.string(JinjaText(current).stripped(nil, left: false)))
        }
        return .string(try joined(lines, separator: ending))
    }

    /// Words and the white space between them.
    private func chunks(of line: JinjaText) -> [JinjaText] {
        var chunks: [JinjaText] = []
        var start = 0
        for index in line.scalars.indices.dropFirst()
        where line.scalars[index].isPythonSpace != line.scalars[index - 1].isPythonSpace {
            chunks.append(JinjaText(line.scalars[start..<index]))
            start = index
        }
        if start < line.count { chunks.append(JinjaText(line.scalars[start...])) }
        return chunks
    }

    // MARK: Markup

    func markup(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        try checkEmpty(arguments, filter.rawValue)
        if filter == .urlencode { return try urlEncoded(value) }
        var text = try text(of: value)
        switch filter {
        case .safe:
            text.isMarkup = true
            return .string(text)
        case .striptags: return try stripped(text)
        case .forceescape:
            text.isMarkup = false
            return try made(text.escaped)
        default: return try made(text.escaped)
        }
    }

    private func stripped(_ text: JinjaText) throws(JinjaError) -> JinjaValue {
        guard text.firstIndex(of: Array("<!--".unicodeScalars)) == nil else {
            throw .unsupported("striptags of comments")
        }
        var out: [Unicode.Scalar] = []
        var position = 0
        while position < text.count {
            if text.scalars[position] == "<", let end = text.firstIndex(of: [">"], from: position) {
                position = end + 1
            } else {
                out.append(text.scalars[position])
                position += 1
            }
        }
        let joined = try self.joined(JinjaText(out).words().map(JinjaValue.string), separator: " ")
        var plain = joined
        for (reference, scalar) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] {
            plain = try replacing(plain, JinjaText(reference), JinjaText(scalar), atMost: -1)
        }
        return .string(plain)
    }

    private func urlEncoded(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        if case .string(let text) = value { return try made(quoted(text, inQuery: false)) }
        var pairs: [JinjaValue]
        switch value {
        case .dictionary(let dictionary): pairs = dictionary.elements(.items)
        case .list, .tuple, .range, .view, .object(.generator): pairs = try elements(of: value)
        default: return try made(quoted(try text(of: value), inQuery: false))
        }
        for index in pairs.indices {
            let pair = try elements(of: pairs[index])
            guard pair.count == 2 else { throw .value("urlencode takes pairs, not \(pair.count) elements") }
            let (key, value) = (
                quoted(try text(of: pair[0]), inQuery: true), quoted(try text(of: pair[1]), inQuery: true)
            )
            pairs[index] = try made(JinjaText(key.scalars + ["="] + value.scalars))
        }
        return .string(try joined(pairs, separator: "&"))
    }

    private func quoted(_ text: JinjaText, inQuery: Bool) -> JinjaText {
        var out: [Unicode.Scalar] = []
        for byte in text.string.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-", "~": out.append(scalar)
            case "/" where !inQuery: out.append(scalar)
            case " " where inQuery: out.append("+" as Unicode.Scalar)
            default: out.append("%" + JinjaInterpreter.hexadecimal(UInt32(byte), digits: 2).uppercased())
            }
        }
        return JinjaText(out)
    }
}
