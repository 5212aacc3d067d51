import CatenaJinja

/// The texts that a tokenizer takes for one token wherever they stand.
struct AddedTokenTexts: Sendable {
    /// Longest first, then by code points.
    let ordered: [[Unicode.Scalar]]
    private let byFirst: [Unicode.Scalar: [[Unicode.Scalar]]]
    private let byLast: [Unicode.Scalar: [[Unicode.Scalar]]]
    private let longest: Int

    init(_ texts: [String]) {
        let tokens = Set(texts.map { Array($0.unicodeScalars) }).filter { !$0.isEmpty }
        ordered = tokens.sorted { left, right in
            left.count != right.count ? left.count > right.count : left.lexicographicallyPrecedes(right)
        }
        byFirst = Dictionary(grouping: ordered) { $0[0] }
        byLast = Dictionary(grouping: ordered) { $0[$0.count - 1] }
        longest = ordered.first?.count ?? 0
    }

    /// Whether a token ends at the end of `text`.
    func endsToken(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let last = text.last, let tokens = byLast[last] else { return false }
        return tokens.contains { $0.count <= text.count && text.suffix($0.count).elementsEqual($0) }
    }

    /// Where the token begins that lies over `border`; the first of several.
    private func crossing(_ border: Int, in text: [Unicode.Scalar]) -> Int? {
        guard longest > 1 else { return nil }
        for start in max(0, border - longest + 1)..<border {
            guard start < text.count, let tokens = byFirst[text[start]] else { continue }
            for token in tokens
            where start + token.count > border && start + token.count <= text.count
                && text[start..<start + token.count].elementsEqual(token)
            {
                return start
            }
        }
        return nil
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
        for start in text.indices.reversed() {
            guard let tokens = byFirst[text[start]] else { continue }
            if tokens.contains(where: { text[start...].starts(with: $0) }) { return text[start...] }
        }
        return nil
    }

    /// The text without any token.
    func removed(from text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var rest = JinjaText(Array(text))
        for token in ordered where token.count <= rest.scalars.count { rest = rest.removing(token) }
        return rest.scalars
    }
}
