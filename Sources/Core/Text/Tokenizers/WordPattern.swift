/// A pre-tokenisation pattern of a published model family, matched by hand over UTF-8.
///
/// Each pattern covers every text, so a match starts where the last one ended.
struct WordPattern: Sendable {
    enum Kind: String, Sendable {
        case gpt2, llama3, qwen2
    }

    let kind: Kind
    private let classes = ScalarClasses.shared

    /// The regular expression that each kind stands for, as tokenizer.json files spell it.
    static let expressions: [(kind: Kind, expression: String)] = [
        (.gpt2, #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#),
        (
            .llama3,
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        ),
        (
            .qwen2,
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        ),
    ]

    /// A cut at each decimal digit, which files write as a pattern of its own.
    static let decimalDigit = #"\p{Nd}"#

    init(_ kind: Kind) { self.kind = kind }

    /// The regular expression as tokenizer.json files spell it.
    var expression: String { Self.expressions.first { $0.kind == kind }?.expression ?? "" }

    /// Where the match that starts at `start` ends; the text is `bytes[..<end]` and `start < end`.
    @inline(__always)
    func matchEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        kind == .gpt2 ? gpt2MatchEnd(in: bytes, from: start, to: end) : chatMatchEnd(in: bytes, from: start, to: end)
    }

    private func gpt2MatchEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        let lead = bytes[start]
        if lead == UInt8(ascii: "'"), let contraction = contractionEnd(in: bytes, from: start, to: end, anyCase: false)
        {
            return contraction
        }
        var first = start
        if lead == 0x20, start + 1 < end { first += 1 }
        let (kind, length) = classes.at(first, in: bytes)
        if kind < ScalarClasses.space {
            return runEnd(of: kind, in: bytes, from: first + length, to: end)
        }
        return whitespaceEnd(in: bytes, from: start, to: end)
    }

    /// The pattern that Llama 3 and Qwen share, apart from how many digits stay together.
    private func chatMatchEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        let lead = bytes[start]
        if lead == UInt8(ascii: "'"), let contraction = contractionEnd(in: bytes, from: start, to: end, anyCase: true) {
            return contraction
        }
        let (kind, length) = classes.at(start, in: bytes)
        let next = start + length
        switch kind {
        case ScalarClasses.letter:
            return runEnd(of: ScalarClasses.letter, in: bytes, from: next, to: end)
        case ScalarClasses.number:
            return digitsEnd(in: bytes, from: next, to: end)
        case ScalarClasses.lineEnd:
            return spacedLineEnd(in: bytes, from: start, to: end)
        default:
            guard next < end else { return next }
            let (nextKind, nextLength) = classes.at(next, in: bytes)
            if nextKind == ScalarClasses.letter {
                return runEnd(of: ScalarClasses.letter, in: bytes, from: next + nextLength, to: end)
            }
            if kind == ScalarClasses.other || (lead == 0x20 && nextKind == ScalarClasses.other) {
                let symbols = runEnd(of: ScalarClasses.other, in: bytes, from: next, to: end)
                return runEnd(of: ScalarClasses.lineEnd, in: bytes, from: symbols, to: end)
            }
            return spacedLineEnd(in: bytes, from: start, to: end)
        }
    }

    @inline(__always)
    private func runEnd(of kind: UInt8, in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var position = start
        while position < end {
            let (found, length) = classes.at(position, in: bytes)
            if found != kind { break }
            position += length
        }
        return position
    }

    private func digitsEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        guard kind == .llama3 else { return start }
        var position = start
        for _ in 0..<2 where position < end {
            let (found, length) = classes.at(position, in: bytes)
            if found != ScalarClasses.number { break }
            position += length
        }
        return position
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`
    private func spacedLineEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var position = start
        var lastLineEnd = -1
        while position < end {
            let (found, length) = classes.at(position, in: bytes)
            if found < ScalarClasses.space { break }
            position += length
            if found == ScalarClasses.lineEnd { lastLineEnd = position }
        }
        return lastLineEnd >= 0 ? lastLineEnd : whitespaceEnd(in: bytes, from: start, to: end)
    }

    /// `\s+(?!\S)|\s+`: a run before a word leaves its last character to that word, unless it is the only one.
    private func whitespaceEnd(in bytes: [UInt8], from start: Int, to end: Int) -> Int {
        var position = start
        var last = start
        while position < end {
            let (found, length) = classes.at(position, in: bytes)
            if found < ScalarClasses.space { break }
            last = position
            position += length
        }
        return position == end || last == start ? position : last
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe. Without regard to case, `ſ` (long s) counts as `s`.
    private func contractionEnd(in bytes: [UInt8], from start: Int, to end: Int, anyCase: Bool) -> Int? {
        guard start + 1 < end else { return nil }
        let caseBit: UInt8 = anyCase ? 0x20 : 0
        let first = bytes[start + 1] | caseBit
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return nil }
            let second = first == UInt8(ascii: "l") ? first : UInt8(ascii: "e")
            return bytes[start + 2] | caseBit == second ? start + 3 : nil
        default:
            let isLongS = anyCase && bytes[start + 1] == 0xC5 && start + 2 < end && bytes[start + 2] == 0xBF
            return isLongS ? start + 3 : nil
        }
    }
}
