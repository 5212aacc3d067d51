extension RegularParser {
    /// What an escape outside a class means; the backslash has been read.
    mutating func escape(from start: Int) throws(RegularExpressionError) -> RegularNode {
        switch current {
        case "A": return anchor(.start)
        case "Z": return anchor(.end)
        case "b": return anchor(.wordBoundary)
        case "B": return anchor(.noWordBoundary)
        case .some("1"..."9"): throw .unsupported("a back-reference", at: start)
        default: return .scalar(try escapedSet(from: start))
        }
    }

    private mutating func anchor(_ anchor: RegularAnchor) -> RegularNode {
        place += 1
        return .anchor(anchor)
    }

    /// The characters that an escape stands for, in a class or outside; the backslash has been read.
    private mutating func escapedSet(from start: Int) throws(RegularExpressionError) -> RegularSet {
        guard let next = current else { throw RegularExpressionError("a backslash at the end", at: start) }
        place += 1
        switch next {
        case "d": return RegularSet(kinds: [(.digit, false)])
        case "D": return RegularSet(kinds: [(.digit, true)])
        case "w": return RegularSet(kinds: [(.word, false)])
        case "W": return RegularSet(kinds: [(.word, true)])
        case "s": return RegularSet(kinds: [(.space, false)])
        case "S": return RegularSet(kinds: [(.space, true)])
        case "t": return .one("\t")
        case "n": return .one("\n")
        case "r": return .one("\r")
        case "f": return .one("\u{0C}")
        case "v": return .one("\u{0B}")
        case "a": return .one("\u{07}")
        case "x": return .one(try hexadecimal(2, from: start))
        case "u": return .one(try hexadecimal(4, from: start))
        case "U": return .one(try hexadecimal(8, from: start))
        case "0"..."9": throw .unsupported("an octal escape", at: start)
        case "a"..."z", "A"..."Z": throw .unsupported("the escape \\\(next)", at: start)
        default: return .one(next)
        }
    }

    private mutating func hexadecimal(_ digits: Int, from start: Int) throws(RegularExpressionError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }) else {
                throw RegularExpressionError("an escape without \(digits) hexadecimal digits", at: start)
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw RegularExpressionError("an escape that is no Unicode character", at: start)
        }
        return scalar
    }

    /// A class; its opening bracket has been read. A bracket right after it stands for itself.
    mutating func characterClass(from start: Int) throws(RegularExpressionError) -> RegularSet {
        var set = RegularSet()
        set.isNegated = consume("^")
        let first = place
        while let next = current {
            if next == "]", place > first {
                place += 1
                return set
            }
            let memberPlace = place
            let low = try classMember()
            guard current == "-", let bound = scalar(after: 1), bound != "]" else {
                set.ranges += low.ranges
                set.kinds += low.kinds
                continue
            }
            place += 1
            let high = try classMember()
            guard let from = low.single, let to = high.single, from <= to else {
                throw RegularExpressionError("a bad range of characters", at: memberPlace)
            }
            set.ranges.append(from...to)
        }
        throw RegularExpressionError("a character class that is not closed", at: start)
    }

    private mutating func classMember() throws(RegularExpressionError) -> RegularSet {
        let start = place
        guard let next = current else { return RegularSet() }
        place += 1
        guard next == "\\" else { return .one(next) }
        if consume("b") { return .one("\u{08}") }
        return try escapedSet(from: start)
    }
}

extension RegularSet {
    /// The only member of a set that was written as one character.
    fileprivate var single: UInt32? {
        guard kinds.isEmpty, ranges.count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
