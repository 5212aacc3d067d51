import CatenaJinja

/// The texts that a tokenizer takes for one token wherever they stand.
struct AddedTokenTexts: Sendable {
    /// Longest first, then by code points.
    private let ordered: [[Unicode.Scalar]]
    private let index: PrefixIndex<Unicode.Scalar>
    /// The same texts backwards.
    private let backwards: PrefixIndex<Unicode.Scalar>
    private let longest: Int

    init(_ texts: [String]) {
        let tokens = Set(texts.map { Array($0.unicodeScalars) }).filter { !$0.isEmpty }
        ordered = tokens.sorted { left, right in
            left.count != right.count ? left.count > right.count : left.lexicographicallyPrecedes(right)
        }
        index = PrefixIndex(ordered)
        backwards = PrefixIndex(ordered.map { $0.reversed() })
        longest = ordered.first?.count ?? 0
    }

    /// Whether a token ends at the end of `text`.
    func endsToken(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        backwards.longest(in: text.suffix(longest).reversed(), at: 0) != nil
    }

    /// Where the token begins that lies over `border`; the first of several.
    private func crossing(_ border: Int, in text: [Unicode.Scalar]) -> Int? {
        guard longest > 1 else { return nil }
        return (max(0, border - longest + 1)..<border).first { start in
            index.longest(in: text, at: start).map { start + ordered[$0].count > border } ?? false
        }
    }

    /// The length of the common beginning of two texts, moved back to the start of a token that it would cut.
    func commonBeginning(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        let shorter = min(left.count, right.count)
        var length = 0
        while length < shorter, left[length] == right[length] { length += 1 }
        while let start = crossing(length, in: left) ?? crossing(length, in: right) { length = start }
        return length
    }

    /// The text from its last token on; nil where it has none.
    func fromLastToken(_ text: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar>? {
        text.indices.last { index.longest(in: text, at: $0) != nil }.map { text[$0...] }
    }

    /// The text without any token: each is removed in turn, the longest first, also where another's removal brought it together.
    func removed(from text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var rest = JinjaText(Array(text))
        var next = 0
        while let token = firstToken(from: next, in: rest.scalars) {
            rest = rest.removing(ordered[token])
            next = token + 1
        }
        return rest.scalars
    }

    /// The first token in order, from the one numbered `number` on, that stands anywhere in a text.
    private func firstToken(from number: Int, in text: [Unicode.Scalar]) -> Int? {
        var first: Int?
        var comparisons = 0
        for position in text.indices {
            index.matches(in: text, at: position, comparisons: &comparisons) { token in
                if token >= number { first = min(first ?? token, token) }
            }
        }
        return first
    }
}
