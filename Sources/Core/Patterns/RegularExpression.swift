/// A regular expression with a bounded cost, for patterns that come with files of others.
///
/// All ways of matching are followed at once (Thompson's construction, Pike's simulation), so a text of n characters takes
/// at most n times the program's length and nothing depends on how the pattern is nested. The language is that of Python's
/// `re` without what this cannot do or what module names do not need: back-references, look-behind, atomic groups,
/// possessive quantifiers, inline flags and named characters are refused by name. Greedy and lazy quantifiers are the same
/// thing where a whole text has to match.
///
/// - Source: Thompson 1968, *Regular Expression Search Algorithm*, CACM 11(6); Python's documentation of `re`.
package struct RegularExpression: Sendable, Equatable {
    /// The longest pattern that is read, in characters.
    package static let maximumLength = 10_000
    /// How deep groups may stand in each other.
    package static let maximumNesting = 64
    /// The largest number in `{m,n}`.
    package static let maximumRepetitions = 1_000
    /// The longest program that a pattern may become, in instructions; a repetition counts as often as it is repeated.
    package static let maximumProgram = 20_000
    /// The same for what stands in look-aheads, which are tried anew at each character.
    package static let maximumLookahead = 1_000

    /// The text that was read.
    package let pattern: String
    private let program: RegularProgram

    /// Reads a pattern.
    ///
    /// - Throws: ``RegularExpressionError``, which says what is wrong or not supported and where.
    package init(_ pattern: String) throws(RegularExpressionError) {
        var parser = try RegularParser(pattern)
        let node = try parser.parse()
        program = try RegularProgram(node)
        self.pattern = pattern
    }

    /// What it costs for each character of a text: the instructions of its program.
    package var length: Int { program.instructions.count }

    /// Whether the whole of `text` matches, as Python's `re.fullmatch`.
    package func matchesWhole(_ text: String) -> Bool {
        var matcher = RegularMatcher(program, text: Array(text.unicodeScalars))
        return matcher.matchesWhole()
    }

    package static func == (a: Self, b: Self) -> Bool { a.pattern == b.pattern }
}

/// Why a text is no regular expression that can be used.
package struct RegularExpressionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, with the character's place, counted from 1, where there is one.
    package let reason: String

    package var description: String { reason }

    init(_ reason: String) { self.reason = reason }

    init(_ reason: String, at place: Int) { self.reason = "\(reason) at character \(place + 1)" }

    static func unsupported(_ what: String, at place: Int) -> Self { Self("\(what), not supported,", at: place) }
}
