import CatenaFiles

/// A tokenizer as read from a file, before its lookup tables are made.
struct TokenizerParts: Sendable {
    /// The algorithm that turns one word into tokens.
    enum Model: Sendable {
        case bytePair(BytePairEncoder)
        case wordPiece(WordPieceEncoder)

        var vocabulary: Vocabulary {
            switch self {
            case .bytePair(let encoder): encoder.vocabulary
            case .wordPiece(let encoder): encoder.vocabulary
            }
        }

        @inline(__always)
        func encode(_ bytes: [UInt8], _ word: Range<Int>, _ scratch: inout MergeScratch, into output: inout [Int32]) {
            switch self {
            case .bytePair(let encoder): encoder.encode(bytes, word, scratch: &scratch, into: &output)
            case .wordPiece(let encoder): encoder.encode(bytes, word, into: &output)
            }
        }
    }

    var model: Model
    var normalizers: [Normalizer] = []
    var preTokenizer: PreTokenizer = .whole
    /// Nil joins tokens with spaces.
    var decoders: [TokenDecoder]?
    var addedTokens: [AddedToken] = []
    var beginningOfSequenceId: Int32?
    var endOfSequenceIds: [Int32] = []
    var paddingId: Int32?
    var addsBeginningOfSequence = false
    /// What makes sequences of texts; nil: ``beginningOfSequenceId`` where it is added. A failure matters only to those who ask.
    var sequenceTemplate: Result<SequenceTemplate?, TokenizerError> = .success(nil)
    var templates = ModelTemplates()
    var fingerprint = ""
}

extension BytePairEncoder {
    /// Finds the first symbols of a byte-level vocabulary.
    static func byteAlphabet(of vocabulary: Vocabulary) -> Alphabet {
        .bytes(
            (UInt8(0)...255).map { byte in
                let character = ByteAlphabet.character(of: byte)
                return vocabulary.id(of: character, in: 0..<character.count) ?? -1
            })
    }

    /// Finds the first symbols of a character vocabulary. Byte fallback needs all 256 byte tokens.
    static func characterAlphabet(of vocabulary: Vocabulary, byteFallback: Bool) -> Alphabet {
        let ascii = (UInt8(0)..<128).map { vocabulary.id(of: [$0], in: 0..<1) ?? -1 }
        guard byteFallback else { return .characters(ascii: ascii, byteFallback: nil) }
        let byteIds = (0...UInt8.max).compactMap { vocabulary.id(of: "<0x\([$0].hexadecimal.uppercased())>") }
        return .characters(ascii: ascii, byteFallback: byteIds.count == 256 ? byteIds : nil)
    }

    /// Whether no token continues past a `mark` that follows other text, so that text may be cut there without
    /// changing the result.
    static func marksStartWords(_ mark: [UInt8], in vocabulary: Vocabulary) -> Bool {
        guard vocabulary.id(of: mark, in: 0..<mark.count) != nil else { return false }
        for id in 0..<Int32(vocabulary.idLimit) {
            guard var token = vocabulary.bytes(of: id) else { continue }
            while token.starts(with: mark) { token = token.dropFirst(mark.count) }
            while token.count >= mark.count {
                if token.starts(with: mark) { return false }
                token = token.dropFirst()
            }
        }
        return true
    }
}
