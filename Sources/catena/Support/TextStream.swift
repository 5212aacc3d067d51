import CatenaText

/// Text of tokens as they come: a character whose bytes lie in several tokens appears when it is complete.
struct TextStream {
    private let tokenizer: Tokenizer
    private var ids: [Int32] = []
    private var printedCount = 0

    init(tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    var isEmpty: Bool { ids.isEmpty }

    /// Everything so far.
    var text: String { tokenizer.decode(ids, skipSpecialTokens: true) }

    /// Takes a token and returns the text that is new.
    mutating func append(_ id: Int32) -> String {
        ids.append(id)
        return take(isFinal: false)
    }

    /// What was held back.
    mutating func finish() -> String { take(isFinal: true) }

    private mutating func take(isFinal: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        var end = scalars.count
        if !isFinal {
            while end > printedCount, scalars[end - 1] == "\u{FFFD}" { end -= 1 }
        }
        guard end > printedCount else { return "" }
        var piece = String.UnicodeScalarView()
        piece.append(contentsOf: scalars[printedCount..<end])
        printedCount = end
        return String(piece)
    }
}
