/// What a tokenizer puts around a text, or around two, to make one sequence of them: BERT's `[CLS] A [SEP] B [SEP]`.
///
/// The result equals that of the Hugging Face `tokenizers` library with its post-processor (`add_special_tokens=True`).
package struct SequenceTemplate: Sendable, Equatable {
    /// A part of a sequence.
    package enum Piece: Sendable, Equatable {
        /// Tokens of the template's own.
        case tokens([Int32], type: Int32)
        /// The first text.
        case first(type: Int32)
        /// The second text.
        case second(type: Int32)
    }

    /// Of one text.
    package let single: [Piece]
    /// Of two.
    package let pair: [Piece]

    /// The pieces of sequences of one text and of two.
    package init(single: [Piece], pair: [Piece]) { (self.single, self.pair) = (single, pair) }

    /// Nothing is added, or the token that begins a sequence.
    package init(beginningOfSequence: Int32?) {
        let (first, second) = ([Piece.first(type: 0)], [Piece.second(type: 1)])
        func begins(_ type: Int32) -> [Piece] { beginningOfSequence.map { [.tokens([$0], type: type)] } ?? [] }
        self.init(single: begins(0) + first, pair: begins(0) + first + begins(1) + second)
    }

    /// One sequence of `first`, or of both.
    ///
    /// - Parameter maximumLength: longer ones are cut at the end of the longer text until both are equally long, then at the end of both, as
    ///   `truncation=True` of Hugging Face does; what the template adds stays.
    /// - Returns: nil if the template's own tokens leave no room.
    package func sequence(_ first: [Int32], _ second: [Int32]? = nil, maximumLength: Int) -> TokenSequence? {
        let pieces = second == nil ? single : pair
        let room = maximumLength - Self.addedCount(pieces)
        guard room >= (second == nil ? 1 : 2) else { return nil }
        let lengths = Self.lengths(first.count, second?.count ?? 0, room: room)
        var sequence = TokenSequence()
        for piece in pieces {
            switch piece {
            case .tokens(let ids, let type): sequence.append(ids, type: type)
            case .first(let type): sequence.append(first.prefix(lengths.first), type: type)
            case .second(let type): sequence.append((second ?? []).prefix(lengths.second), type: type)
            }
        }
        sequence.wasCut = lengths.first < first.count || lengths.second < second?.count ?? 0
        return sequence
    }

    /// The largest token type.
    package var largestType: Int32 {
        (single + pair).map { piece in
            switch piece {
            case .tokens(_, let type), .first(let type), .second(let type): type
            }
        }.max() ?? 0
    }

    private static func addedCount(_ pieces: [Piece]) -> Int {
        pieces.reduce(0) { count, piece in
            if case .tokens(let ids, _) = piece { count + ids.count } else { count }
        }
    }

    /// What is left of two texts in `room` tokens: the shorter one whole if it is at most half, else half of the room each, the first
    /// one the smaller half.
    static func lengths(_ first: Int, _ second: Int, room: Int) -> (first: Int, second: Int) {
        guard first + second > room else { return (first, second) }
        guard second > 0 else { return (room, 0) }
        let (shorter, half) = (min(first, second), room / 2)
        // The half of the longer text is the larger one where the room is odd.
        var (small, large) = (shorter, room - shorter)
        if shorter > large { (small, large) = (half, half + room % 2) }
        return first <= second ? (small, large) : (large, small)
    }
}

extension SequenceTemplate: CustomStringConvertible {
    /// For fingerprints: `[101] A:0 [102] | [101] A:0 [102] B:1 [102:1]`.
    package var description: String {
        func text(_ pieces: [Piece]) -> String {
            pieces.map { piece in
                switch piece {
                case .tokens(let ids, let type): "\(ids):\(type)"
                case .first(let type): "A:\(type)"
                case .second(let type): "B:\(type)"
                }
            }.joined(separator: " ")
        }
        return text(single) + " | " + text(pair)
    }
}

/// Tokens with their types.
package struct TokenSequence: Sendable, Equatable {
    /// Token ids.
    package var ids: [Int32] = []
    /// The type of each: which of the texts it is of.
    package var types: [Int32] = []
    /// Whether tokens of a text were cut off.
    package var wasCut = false

    fileprivate mutating func append(_ more: some Collection<Int32>, type: Int32) {
        ids += more
        types += repeatElement(type, count: more.count)
    }
}
