/// A parsed regular expression.
indirect enum RegularNode: Sendable {
    case empty
    case scalar(RegularSet)
    case anchor(RegularAnchor)
    case sequence([RegularNode])
    case alternatives([RegularNode])
    /// `maximum` is nil where there is none.
    case repeated(RegularNode, minimum: Int, maximum: Int?)
    case lookahead(RegularNode, isNegative: Bool)
}

/// A condition on a place in a text.
enum RegularAnchor: Sendable {
    case start
    /// The end, or before a final line feed: Python's `$`.
    case endOfLine
    case end
    case wordBoundary
    case noWordBoundary
}

/// A set of characters.
struct RegularSet: Sendable {
    enum Kind: Sendable {
        case digit, word, space

        /// As Python's `\d`, `\w` and `\s` for texts.
        func contains(_ scalar: Unicode.Scalar) -> Bool {
            let properties = scalar.properties
            switch self {
            case .digit: return properties.generalCategory == .decimalNumber
            case .word: return scalar == "_" || properties.isAlphabetic || properties.numericType != nil
            case .space: return properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
            }
        }
    }

    var ranges: [ClosedRange<UInt32>] = []
    var kinds: [(kind: Kind, isNegated: Bool)] = []
    var isNegated = false

    static let anyButLineFeed = RegularSet(ranges: [0x0A...0x0A], isNegated: true)

    static func one(_ scalar: Unicode.Scalar) -> RegularSet { RegularSet(ranges: [scalar.value...scalar.value]) }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let isListed =
            ranges.contains { $0.contains(scalar.value) }
            || kinds.contains { $0.kind.contains(scalar) != $0.isNegated }
        return isListed != isNegated
    }
}
