/// What string methods and filters share.
extension JinjaInterpreter {
    /// A text that was made, counted.
    func made(_ text: JinjaText) throws(JinjaError) -> JinjaValue {
        try charge(text.count)
        return .string(text)
    }

    /// An argument that has to be a string.
    func needed(_ value: JinjaValue, in function: String) throws(JinjaError) -> JinjaText {
        guard case .string(let text) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .type("\(function)() takes a string, not \(value.typeName)")
        }
        return text
    }

    /// An argument that may be none.
    func optionalText(_ value: JinjaValue?, in function: String) throws(JinjaError) -> JinjaText? {
        guard let value else { return nil }
        if case .none = value { return nil }
        return try needed(value, in: function)
    }

    func separator(_ value: JinjaValue, in function: String) throws(JinjaError) -> JinjaText {
        let text = try needed(value, in: function)
        guard !text.isEmpty else { throw .value("empty separator") }
        return text
    }

    /// `text` with `old` replaced by `new`, at most `limit` times where that is not negative.
    func replacing(_ text: JinjaText, _ old: JinjaText, _ new: JinjaText, atMost limit: Int) throws(JinjaError)
        -> JinjaText
    {
        let places = text.places(of: old.scalars, atMost: limit < 0 ? .max : limit)
        try charge(text.count)
        try charge(new.count, times: places.count)
        var out: [Unicode.Scalar] = []
        var position = 0
        for place in places {
            out.append(contentsOf: text.scalars[position..<place])
            out.append(contentsOf: new.scalars)
            position = place + old.count
        }
        out.append(contentsOf: text.scalars[position...])
        return JinjaText(out, isMarkup: text.isMarkup)
    }

    /// The texts of `parts` with `separator` between them.
    func joined(_ parts: [JinjaValue], separator: JinjaText) throws(JinjaError) -> JinjaText {
        var out: [Unicode.Scalar] = []
        try charge(separator.count, times: parts.count)
        for (index, part) in parts.enumerated() {
            if index > 0 { out.append(contentsOf: separator.scalars) }
            let text = try text(of: part)
            try charge(text.count)
            out.append(contentsOf: separator.isMarkup ? text.escaped.scalars : text.scalars)
        }
        return JinjaText(out, isMarkup: separator.isMarkup)
    }

    func padded(_ text: JinjaText, _ method: JinjaStringMethod, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        let name = method.rawValue
        if method == .expandtabs { return try expanded(text, try arguments.bound(to: ["tabsize"], in: name)[0]) }
        let given = try arguments.bound(to: method == .zfill ? ["/width"] : ["/width", "/fillchar"], in: name)
        guard let wanted = given[0] else { throw .type("\(name) expected at least 1 argument, got 0") }
        let width = max(0, try integer(wanted))
        var filling: Unicode.Scalar = method == .zfill ? "0" : " "
        if given.count > 1, let value = given[1] {
            let text = try needed(value, in: name)
            guard text.count == 1 else { throw .type("The fill character must be exactly one character long") }
            filling = text.scalars[0]
        }
        let missing = max(0, width - text.count)
        try charge(text.count)
        try charge(missing)
        var left = 0
        switch method {
        case .rjust, .zfill: left = missing
        case .center: left = missing / 2 + (missing & width & 1)
        default: break
        }
        let before = [Unicode.Scalar](repeating: filling, count: left)
        if method == .zfill, let sign = text.scalars.first, sign == "-" || sign == "+" {
            return .string(JinjaText([sign] + before + text.scalars.dropFirst(), isMarkup: text.isMarkup))
        }
        let after = [Unicode.Scalar](repeating: filling, count: missing - left)
        return .string(JinjaText(before + text.scalars + after, isMarkup: text.isMarkup))
    }

    private func expanded(_ text: JinjaText, _ size: JinjaValue?) throws(JinjaError) -> JinjaValue {
        let size = try size.map { value throws(JinjaError) in try integer(value) } ?? 8
        var out: [Unicode.Scalar] = []
        var column = 0
        for scalar in text.scalars {
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                try charge(count)
                out.append(contentsOf: repeatElement(" ", count: count))
                column += count
            } else {
                out.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return try made(JinjaText(out, isMarkup: text.isMarkup))
    }
}
