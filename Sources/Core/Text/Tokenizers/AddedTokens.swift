/// A token outside the model's own segmentation, found in the text before anything else happens to it.
struct AddedToken: Sendable {
    /// Longer ones are refused: at each place of a text as many bytes may have to be compared.
    static let longestContent = 4096

    var id: Int32
    var content: [UInt8]
    var isSpecial: Bool
    /// Whether it is looked for in normalised text instead of the text as given.
    var isNormalized = false
    /// Whether it takes the white space on its left or right with it.
    var stripsLeft = false
    var stripsRight = false
    /// Whether it must not touch other word characters.
    var isSingleWord = false
}

/// Finds added tokens, leftmost first and longest at each place.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text, and the token it stands for if it is one.
    struct Section {
        var range: Range<Int>
        var id: Int32?
    }

    private let tokens: [AddedToken]
    private let index: PrefixIndex<UInt8>
    /// The bytes with which tokens begin.
    private let startsToken: [Bool]
    let isEmpty: Bool

    init(_ tokens: [AddedToken]) {
        var startsToken = [Bool](repeating: false, count: 256)
        for token in tokens { if let first = token.content.first { startsToken[Int(first)] = true } }
        self.tokens = tokens
        self.startsToken = startsToken
        index = PrefixIndex(tokens.map(\.content))
        isEmpty = !startsToken.contains(true)
    }

    func sections(of bytes: [UInt8]) -> [Section] {
        var sections: [Section] = []
        var sectionStart = 0
        var position = 0
        while !isEmpty, position < bytes.count {
            guard startsToken[Int(bytes[position])], let found = index.longest(in: bytes, at: position) else {
                position += 1
                continue
            }
            let token = tokens[found]
            var start = position
            var end = position + token.content.count
            position = end
            if token.isSingleWord, touchesWord(bytes, start..<end) { continue }
            if token.stripsLeft {
                while start > sectionStart {
                    let (kind, length) = ScalarClasses.shared.before(start, in: bytes)
                    if kind < ScalarClasses.space { break }
                    start -= length
                }
            }
            while token.stripsRight, end < bytes.count {
                let (kind, length) = ScalarClasses.shared.at(end, in: bytes)
                if kind < ScalarClasses.space { break }
                end += length
            }
            if sectionStart < start { sections.append(Section(range: sectionStart..<start)) }
            sections.append(Section(range: start..<end, id: token.id))
            sectionStart = end
            position = end
        }
        if sectionStart < bytes.count { sections.append(Section(range: sectionStart..<bytes.count)) }
        return sections
    }

    private func touchesWord(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        if range.lowerBound > 0 {
            let length = ScalarClasses.shared.before(range.lowerBound, in: bytes).length
            if isWordCharacter(bytes, at: range.lowerBound - length) { return true }
        }
        return range.upperBound < bytes.count && isWordCharacter(bytes, at: range.upperBound)
    }

    /// `\w`: alphabetic, mark, decimal digit, connector punctuation or join control.
    private func isWordCharacter(_ bytes: [UInt8], at position: Int) -> Bool {
        let codePoint = ScalarClasses.scalar(at: position, in: bytes).codePoint
        guard let scalar = Unicode.Scalar(UInt32(codePoint)) else { return false }
        if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}
