/// A word of the template language.
struct JinjaToken: Sendable {
    enum Kind: Sendable, Equatable {
        case data
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name, string, integer, float
        case sign
        case end
    }

    let kind: Kind
    /// The name, the sign; what is shown in messages.
    let text: String
    /// What a number or string stands for, or the data.
    let value: JinjaValue
    let line: Int

    /// How messages name it.
    var description: String {
        switch kind {
        case .data: "template data / text"
        case .variableBegin: "begin of print statement"
        case .variableEnd: "end of print statement"
        case .blockBegin: "begin of statement block"
        case .blockEnd: "end of statement block"
        case .end: "end of template"
        case .name, .string, .integer, .float, .sign: text
        }
    }
}

/// Cuts a template into words, with `trim_blocks` and `lstrip_blocks` on and the last line end left out.
struct JinjaLexer {
    private var source: JinjaText
    private var position = 0
    private var line = 1
    private var isLineStart = true
    private var tokens: [JinjaToken] = []
    /// Closing signs that are waited for.
    private var open: [Unicode.Scalar] = []

    static func tokens(of source: String) throws(JinjaError) -> [JinjaToken] {
        var lexer = JinjaLexer(source)
        try lexer.readAll()
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\n", isAfterReturn {
                isAfterReturn = false
                continue
            }
            isAfterReturn = scalar == "\r"
            scalars.append(isAfterReturn ? "\n" : scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = JinjaText(scalars)
    }

    private func scalar(at index: Int) -> Unicode.Scalar? { index < source.count ? source.scalars[index] : nil }

    private mutating func add(_ kind: JinjaToken.Kind, _ text: String = "", _ value: JinjaValue = .none) {
        tokens.append(JinjaToken(kind: kind, text: text, value: value, line: line))
    }

    private mutating func advance(to end: Int) {
        guard end > position else { return }
        for index in position..<end where source.scalars[index] == "\n" { line += 1 }
        isLineStart = source.scalars[end - 1] == "\n"
        position = end
    }

    private mutating func readAll() throws(JinjaError) {
        while position < source.count {
            guard let tag = nextTag(from: position) else {
                addData(source.scalars[position...])
                advance(to: source.count)
                break
            }
            try read(tag)
        }
        add(.end)
    }

    /// Where the next `{{`, `{%` or `{#` stands.
    private func nextTag(from start: Int) -> Int? {
        var index = start
        while index + 1 < source.count {
            if source.scalars[index] == "{", ["{", "%", "#"].contains(source.scalars[index + 1]) { return index }
            index += 1
        }
        return nil
    }

    private mutating func read(_ tag: Int) throws(JinjaError) {
        let kind = source.scalars[tag + 1]
        var after = tag + 2
        let sign = scalar(at: after).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
        if sign != nil { after += 1 }
        addData(textBefore(tag, sign: sign, isVariable: kind == "{"))
        switch kind {
        case "#":
            advance(to: after)
            try skipComment()
        case "%":
            if let end = rawBegin(after) {
                advance(to: end)
                try readRaw()
            } else {
                advance(to: tag)
                add(.blockBegin)
                advance(to: after)
                try readWords(closing: "%")
            }
        default:
            advance(to: tag)
            add(.variableBegin)
            advance(to: after)
            try readWords(closing: "}")
        }
    }

    /// The data before a tag, without what the tag's sign or `lstrip_blocks` takes away.
    private func textBefore(_ tag: Int, sign: Unicode.Scalar?, isVariable: Bool) -> ArraySlice<Unicode.Scalar> {
        var end = tag
        if sign == "-" {
            while end > position, source.scalars[end - 1].isPythonSpace { end -= 1 }
        } else if sign == nil, !isVariable {
            var start = end
            while start > position, source.scalars[start - 1] != "\n" { start -= 1 }
            if start > position || isLineStart, source.scalars[start..<end].allSatisfy(\.isPythonSpace) { end = start }
        }
        return source.scalars[position..<end]
    }

    private mutating func addData(_ text: ArraySlice<Unicode.Scalar>) {
        if !text.isEmpty { add(.data, "", .string(JinjaText(text))) }
    }

    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while let scalar = scalar(at: index), scalar.isPythonSpace { index += 1 }
        return index
    }

    /// The end of a closing tag at `start` with its sign and what it takes away behind it; nil if there is none.
    private func closing(_ mark: Unicode.Scalar, at start: Int, mayKeep: Bool = true) -> Int? {
        guard let first = scalar(at: start) else { return nil }
        let isSigned = first == "-" || (first == "+" && mayKeep)
        let begin = isSigned ? start + 1 : start
        guard scalar(at: begin) == mark, scalar(at: begin + 1) == "}" else { return nil }
        let end = begin + 2
        if first == "-" { return skipSpace(end) }
        if !isSigned, mark != "}", scalar(at: end) == "\n" { return end + 1 }
        return end
    }

    private mutating func skipComment() throws(JinjaError) {
        var index = position
        while index < source.count {
            if let end = closing("#", at: index) {
                advance(to: end)
                return
            }
            index += 1
        }
        throw .syntax("Missing end of comment tag", line: line)
    }

    /// The end of `{% raw %}` whose word begins at or after `start`.
    private func rawBegin(_ start: Int) -> Int? {
        let word = skipSpace(start)
        guard source.hasPrefix(["r", "a", "w"], from: min(word, source.count)) else { return nil }
        let end = skipSpace(word + 3)
        if scalar(at: end) == "-", scalar(at: end + 1) == "%", scalar(at: end + 2) == "}" { return skipSpace(end + 3) }
        return scalar(at: end) == "%" && scalar(at: end + 1) == "}" ? end + 2 : nil
    }

    private mutating func readRaw() throws(JinjaError) {
        var index = position
        while let tag = source.firstIndex(of: ["{", "%"], from: index) {
            let sign = scalar(at: tag + 2).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
            let word = skipSpace(tag + (sign == nil ? 2 : 3))
            if source.hasPrefix(Array("endraw".unicodeScalars), from: min(word, source.count)),
                let end = closing("%", at: skipSpace(word + 6))
            {
                addData(textBefore(tag, sign: sign, isVariable: false))
                advance(to: end)
                return
            }
            index = tag + 1
        }
        throw .syntax("Missing end of raw directive", line: line)
    }

    /// The words of a tag up to its end.
    private mutating func readWords(closing mark: Unicode.Scalar) throws(JinjaError) {
        open = []
        while position < source.count {
            if open.isEmpty, let end = closing(mark, at: position, mayKeep: mark == "%") {
                add(mark == "%" ? .blockEnd : .variableEnd)
                advance(to: end)
                return
            }
            try readWord()
        }
    }

    private mutating func readWord() throws(JinjaError) {
        let scalar = source.scalars[position]
        switch scalar {
        case _ where scalar.isPythonSpace: advance(to: skipSpace(position))
        case "0"..."9":
            let (value, isFloat, end) = try JinjaLiterals.number(in: source, at: position, line: line)
            add(isFloat ? .float : .integer, JinjaText(source.scalars[position..<end]).string, value)
            advance(to: end)
        case _ where scalar == "_" || scalar.properties.isXIDStart:
            var end = position + 1
            while let next = self.scalar(at: end), next == "_" || next.properties.isXIDContinue { end += 1 }
            add(.name, JinjaText(source.scalars[position..<end]).string)
            advance(to: end)
        case "'", "\"":
            guard let end = JinjaLiterals.stringEnd(in: source, at: position) else { throw unexpected(scalar) }
            let text = try JinjaLiterals.unescaped(source.scalars[(position + 1)..<(end - 1)], line: line)
            add(.string, JinjaText(source.scalars[position..<end]).string, .string(text))
            advance(to: end)
        default: try readSign(scalar)
        }
    }

    private func unexpected(_ scalar: Unicode.Scalar) -> JinjaError {
        .syntax("unexpected char '\(scalar)' at \(position)", line: line)
    }

    private static let doubleSigns = ["//", "**", "==", "!=", ">=", "<="].map { Array($0.unicodeScalars) }
    private static let pairs: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]

    private mutating func readSign(_ scalar: Unicode.Scalar) throws(JinjaError) {
        if let double = Self.doubleSigns.first(where: { source.hasPrefix($0, from: position) }) {
            add(.sign, JinjaText(double).string)
            advance(to: position + 2)
            return
        }
        guard "+-/*%~[](){}><=.:|,;".unicodeScalars.contains(scalar) else { throw unexpected(scalar) }
        if let closing = Self.pairs[scalar] {
            open.append(closing)
        } else if [")", "]", "}"].contains(scalar) {
            guard let expected = open.popLast() else { throw .syntax("unexpected '\(scalar)'", line: line) }
            guard expected == scalar else {
                throw .syntax("unexpected '\(scalar)', expected '\(expected)'", line: line)
            }
        }
        add(.sign, String(Character(scalar)))
        advance(to: position + 1)
    }
}
