/// Reads the text of a regular expression; groups are the only recursion, and their depth is bounded.
struct RegularParser {
    let scalars: [Unicode.Scalar]
    var place = 0
    private var depth = 0

    init(_ pattern: String) throws(RegularExpressionError) {
        scalars = Array(pattern.unicodeScalars)
        guard scalars.count <= RegularExpression.maximumLength else {
            throw RegularExpressionError(
                "it has \(scalars.count) characters, at most \(RegularExpression.maximumLength) are read")
        }
    }

    mutating func parse() throws(RegularExpressionError) -> RegularNode {
        let node = try alternatives()
        guard place == scalars.count else { throw RegularExpressionError("an unopened \")\"", at: place) }
        return node
    }

    var current: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    func scalar(after distance: Int) -> Unicode.Scalar? {
        place + distance < scalars.count ? scalars[place + distance] : nil
    }

    mutating func consume(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        place += 1
        return true
    }

    private mutating func alternatives() throws(RegularExpressionError) -> RegularNode {
        var branches = [try sequence()]
        while consume("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(RegularExpressionError) -> RegularNode {
        var parts: [RegularNode] = []
        while let next = current, next != "|", next != ")" {
            let start = place
            let atom = try atom()
            parts.append(try quantified(atom, from: start))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom() throws(RegularExpressionError) -> RegularNode {
        let start = place
        guard let next = current else { return .empty }
        place += 1
        switch next {
        case ".": return .scalar(.anyButLineFeed)
        case "^": return .anchor(.start)
        case "$": return .anchor(.endOfLine)
        case "[": return .scalar(try characterClass(from: start))
        case "(": return try group(from: start)
        case "\\": return try escape(from: start)
        case "*", "+", "?": throw RegularExpressionError("nothing to repeat before \"\(next)\"", at: start)
        case "{":
            place = start
            guard try bounds() == nil else { throw RegularExpressionError("nothing to repeat before \"{\"", at: start) }
            place = start + 1
            return .scalar(.one(next))
        default: return .scalar(.one(next))
        }
    }

    private mutating func group(from start: Int) throws(RegularExpressionError) -> RegularNode {
        guard depth < RegularExpression.maximumNesting else {
            throw RegularExpressionError("groups nested deeper than \(RegularExpression.maximumNesting)", at: start)
        }
        var isNegative: Bool?
        if consume("?") { isNegative = try groupKind(from: start) }
        depth += 1
        let node = try alternatives()
        depth -= 1
        guard consume(")") else { throw RegularExpressionError("a group that is not closed", at: start) }
        return isNegative.map { .lookahead(node, isNegative: $0) } ?? node
    }

    /// Reads what follows `(?`: nil for a group, else whether the look-ahead is negative.
    private mutating func groupKind(from start: Int) throws(RegularExpressionError) -> Bool? {
        if consume(":") { return nil }
        if consume("=") { return false }
        if consume("!") { return true }
        if consume(">") { throw .unsupported("an atomic group", at: start) }
        if consume("(") { throw .unsupported("a conditional group", at: start) }
        if current == "<", let next = scalar(after: 1), next == "=" || next == "!" {
            throw .unsupported("a look-behind", at: start)
        }
        guard consume("P") else { throw .unsupported("an inline flag or comment", at: start) }
        if consume("=") { throw .unsupported("a back-reference", at: start) }
        guard consume("<") else { throw RegularExpressionError("an unknown kind of group", at: start) }
        while let next = current, next != ">" {
            guard next == "_" || next.properties.isAlphabetic || next.properties.numericType != nil else {
                throw RegularExpressionError("a bad group name", at: place)
            }
            place += 1
        }
        guard consume(">") else { throw RegularExpressionError("a group name that does not end", at: start) }
        return nil
    }

    private mutating func quantified(
        _ node: RegularNode, from start: Int
    ) throws(RegularExpressionError) -> RegularNode {
        let quantifier = place
        guard let (minimum, maximum) = try repetition() else { return node }
        if case .anchor = node { throw RegularExpressionError("nothing to repeat", at: start) }
        if !consume("?"), current == "+" { throw .unsupported("a possessive quantifier", at: quantifier) }
        let next = place
        guard try repetition() == nil else { throw RegularExpressionError("a repeated quantifier", at: next) }
        place = next
        return .repeated(node, minimum: minimum, maximum: maximum)
    }

    private mutating func repetition() throws(RegularExpressionError) -> (minimum: Int, maximum: Int?)? {
        if consume("*") { return (0, nil) }
        if consume("+") { return (1, nil) }
        if consume("?") { return (0, 1) }
        return try bounds()
    }

    /// `{m}`, `{m,}`, `{,n}` or `{m,n}`; nil, and nothing read, for any other use of a brace, which is one literally.
    private mutating func bounds() throws(RegularExpressionError) -> (minimum: Int, maximum: Int?)? {
        let start = place
        guard consume("{") else { return nil }
        let minimum = try number()
        let hasComma = consume(",")
        let maximum = hasComma ? try number() : minimum
        guard consume("}"), minimum != nil || hasComma else {
            place = start
            return nil
        }
        if let minimum, let maximum, minimum > maximum {
            throw RegularExpressionError("a repetition from \(minimum) to \(maximum)", at: start)
        }
        return (minimum ?? 0, maximum)
    }

    private mutating func number() throws(RegularExpressionError) -> Int? {
        let start = place
        var value: Int?
        while let next = current, ("0"..."9").contains(next) {
            value = (value ?? 0) * 10 + Int(next.value) - 48
            guard value ?? 0 <= RegularExpression.maximumRepetitions else {
                throw RegularExpressionError(
                    "a repetition of more than \(RegularExpression.maximumRepetitions) times", at: start)
            }
            place += 1
        }
        return value
    }
}
