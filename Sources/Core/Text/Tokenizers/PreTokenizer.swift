/// How normalised text is cut into the words that the model encodes one at a time.
enum PreTokenizer: Sendable {
    /// No cuts.
    case whole
    /// Cuts before each run of spaces marks; gives the same tokens as `whole` where no token continues past a mark.
    case markedWords(mark: [UInt8])
    /// Words are bytes: an outer cut, then an inner pattern inside each part.
    case byteLevel(outer: OuterCut, inner: WordPattern?, addsPrefixSpace: Bool)
    /// Spaces become `mark`; each mark starts a word if `splits`.
    case metaspace(mark: [UInt8], prepends: PrependScheme, splits: Bool)
    /// Words between white space, punctuation marks alone.
    case bert

    enum OuterCut: Sendable {
        case none
        /// Parts of `\p{N}` alone, or each character of it.
        case digits(individual: Bool)
        /// Each decimal digit (`\p{Nd}`) alone; other numerals, such as `²`, stay in the text.
        case decimalDigits
        case pattern(WordPattern)
    }

    enum PrependScheme: String, Sendable, CaseIterable {
        case always, first, never
    }

    /// Whether ``rewritten(_:startsText:)`` can change a text.
    var rewrites: Bool {
        switch self {
        case .metaspace, .byteLevel(_, _, addsPrefixSpace: true): true
        default: false
        }
    }

    /// The text with what the pre-tokeniser adds or replaces.
    func rewritten(_ bytes: [UInt8], startsText: Bool) -> [UInt8] {
        switch self {
        case .byteLevel(_, _, addsPrefixSpace: true):
            return bytes.first == 0x20 ? bytes : [0x20] + bytes
        case .metaspace(let mark, let prepends, _):
            let marked = ByteText.replacing([0x20], with: mark, in: bytes)
            let wanted = prepends == .always || (prepends == .first && startsText)
            return wanted && !marked.starts(with: mark) ? mark + marked : marked
        default:
            return bytes
        }
    }
}

/// Walks over the words of one text.
struct WordCursor {
    private let preTokenizer: PreTokenizer
    private let classes = ScalarClasses.shared
    private var position: Int
    private let end: Int
    /// End of the part that the outer cut made.
    private var partEnd: Int

    init(_ preTokenizer: PreTokenizer, _ range: Range<Int>) {
        self.preTokenizer = preTokenizer
        position = range.lowerBound
        end = range.upperBound
        partEnd = range.lowerBound
    }

    /// The next word, or nil at the end of the text.
    @inline(__always)
    mutating func next(in bytes: [UInt8]) -> Range<Int>? {
        guard position < end else { return nil }
        let start = position
        switch preTokenizer {
        case .whole:
            position = end
        case .markedWords(let mark):
            position = markedWordEnd(in: bytes, mark: mark)
        case .byteLevel(let outer, let inner, _):
            if position == partEnd { partEnd = outerEnd(in: bytes, outer) }
            position = inner?.matchEnd(in: bytes, from: position, to: partEnd) ?? partEnd
        case .metaspace(let mark, _, let splits):
            position = splits ? nextMark(in: bytes, mark: mark, from: start + 1) : end
        case .bert:
            return nextBertWord(in: bytes)
        }
        return start..<position
    }

    private func outerEnd(in bytes: [UInt8], _ outer: PreTokenizer.OuterCut) -> Int {
        switch outer {
        case .none: return end
        case .pattern(let pattern): return pattern.matchEnd(in: bytes, from: position, to: end)
        case .digits(let individual):
            let first = classes.at(position, in: bytes)
            let isNumber = first.kind == ScalarClasses.number
            var stop = position + first.length
            if isNumber && individual { return stop }
            while stop < end {
                let (kind, length) = classes.at(stop, in: bytes)
                if (kind == ScalarClasses.number) != isNumber { break }
                stop += length
            }
            return stop
        case .decimalDigits:
            var stop = position
            while stop < end {
                let (kind, length) = classes.at(stop, in: bytes)
                if kind == ScalarClasses.number, length == 1 || isDecimal(bytes, at: stop) {
                    return stop == position ? stop + length : stop
                }
                stop += length
            }
            return stop
        }
    }

    private func isDecimal(_ bytes: [UInt8], at position: Int) -> Bool {
        let codePoint = ScalarClasses.scalar(at: position, in: bytes).codePoint
        return Unicode.Scalar(UInt32(codePoint))?.properties.generalCategory == .decimalNumber
    }

    private func nextMark(in bytes: [UInt8], mark: [UInt8], from start: Int) -> Int {
        guard let lead = mark.first else { return end }
        var stop = start
        while stop < end {
            if bytes[stop] == lead, bytes[stop..<end].starts(with: mark) { return stop }
            stop += 1
        }
        return end
    }

    private func markedWordEnd(in bytes: [UInt8], mark: [UInt8]) -> Int {
        var stop = position
        while stop < end, bytes[stop..<end].starts(with: mark) { stop += mark.count }
        return stop < end ? nextMark(in: bytes, mark: mark, from: stop) : end
    }

    private mutating func nextBertWord(in bytes: [UInt8]) -> Range<Int>? {
        while position < end {
            let (kind, length) = classes.at(position, in: bytes)
            if kind < ScalarClasses.space { break }
            position += length
        }
        let start = position
        while position < end {
            let (kind, length) = classes.at(position, in: bytes)
            if kind >= ScalarClasses.space { break }
            if kind == ScalarClasses.other,
                BertText.isPunctuation(ScalarClasses.scalar(at: position, in: bytes).codePoint)
            {
                if position == start { position += length }
                break
            }
            position += length
        }
        return start < position ? start..<position : nil
    }
}
