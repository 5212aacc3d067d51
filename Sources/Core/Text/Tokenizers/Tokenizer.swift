import Synchronization

/// Text to token ids and back, as the model's own tokenizer does it.
///
///     text → added tokens cut out → normalisers → words → byte-pair or WordPiece encoding → ids
///
/// Encoding and decoding are safe from several threads at once; each call takes its own buffers from a small pool.
/// Results equal those of the Hugging Face `tokenizers` library without its template (`add_special_tokens=False`).
public final class Tokenizer: Sendable {
    let parts: TokenizerParts
    let givenTokens: AddedTokenMatcher
    let normalizedTokens: AddedTokenMatcher
    private let contentOfAddedId: [Int32: [UInt8]]
    private let idOfAddedContent: [[UInt8]: Int32]
    private let specialIds: Set<Int32>
    private let pool = Mutex<[EncoderBuffers]>([])

    /// Largest token id plus one, added tokens included.
    public let vocabularySize: Int

    init(parts: TokenizerParts) {
        self.parts = parts
        givenTokens = AddedTokenMatcher(parts.addedTokens.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(
            parts.addedTokens.filter(\.isNormalized).map { token in
                var normalized = token
                normalized.content = parts.normalizers.reduce(token.content) { $1.apply($0) }
                return normalized
            })
        contentOfAddedId = Dictionary(parts.addedTokens.map { ($0.id, $0.content) }) { first, _ in first }
        idOfAddedContent = Dictionary(parts.addedTokens.map { ($0.content, $0.id) }) { first, _ in first }
        specialIds = Set(parts.addedTokens.filter(\.isSpecial).map(\.id))
        vocabularySize = max(parts.model.vocabulary.idLimit, (parts.addedTokens.map { Int($0.id) }.max() ?? -1) + 1)
    }

    /// The ids of `text`. Special tokens written out in the text are recognised; none are added.
    public func encode(_ text: String) -> [Int32] {
        withBuffers { encode(text, &$0) }
    }

    private func encode(_ text: String, _ buffers: inout EncoderBuffers) -> [Int32] {
        let bytes = Array(text.utf8)
        var output: [Int32] = []
        output.reserveCapacity(bytes.count / 3 + 8)
        for section in givenTokens.sections(of: bytes) {
            if let id = section.id {
                output.append(id)
            } else {
                encodeSection(bytes, section.range, &buffers, into: &output)
            }
        }
        return output
    }

    /// Lends buffers that no other call uses.
    func withBuffers<R>(_ body: (inout EncoderBuffers) -> R) -> R {
        var buffers = pool.withLock { $0.popLast() } ?? EncoderBuffers()
        let result = body(&buffers)
        pool.withLock { [buffers] idle in
            if idle.count < Self.largestPool { idle.append(buffers) }
        }
        return result
    }

    /// The text of `ids`; ids outside the vocabulary are left out, bytes that are not UTF-8 become `U+FFFD`.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(ids.count)
        for id in ids where !skipSpecialTokens || !specialIds.contains(id) {
            if let bytes = bytes(of: id) { tokens.append(bytes) }
        }
        guard let decoders = parts.decoders else {
            return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
        }
        return String(decoding: decoders.reduce(tokens) { $1.apply($0) }.flatMap { $0 }, as: UTF8.self)
    }

    /// The id of a token as the vocabulary writes it (byte-level vocabularies write a space as `Ġ`).
    public func id(of token: String) -> Int32? {
        idOfAddedContent[Array(token.utf8)] ?? parts.model.vocabulary.id(of: token)
    }

    /// The token of an id as the vocabulary writes it.
    public func token(of id: Int32) -> String? {
        bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether `id` is a special token, which `decode(_:skipSpecialTokens:)` can leave out.
    public func isSpecial(_ id: Int32) -> Bool { specialIds.contains(id) }

    /// The token that starts a sequence, if the model names one.
    public var beginningOfSequenceId: Int32? { parts.beginningOfSequenceId }

    /// The tokens that end an answer or a text, the tokenizer's own first.
    public var endOfSequenceIds: [Int32] { parts.endOfSequenceIds }

    /// Whether the model expects ``beginningOfSequenceId`` before every sequence. ``encode(_:)`` does not add it.
    package var addsBeginningOfSequence: Bool { parts.addsBeginningOfSequence && parts.beginningOfSequenceId != nil }

    /// What makes one sequence of a text, or of two.
    ///
    /// - Throws: ``TokenizerError`` for a post-processor that is not understood.
    package func sequenceTemplate() throws(TokenizerError) -> SequenceTemplate {
        try parts.sequenceTemplate.get()
            ?? SequenceTemplate(beginningOfSequence: addsBeginningOfSequence ? beginningOfSequenceId : nil)
    }

    /// The chat templates that the model brings along.
    package var templates: ModelTemplates { parts.templates }

    /// Texts of the tokens that stand outside the model's own segmentation.
    package var addedTokens: [String] { parts.addedTokens.map { String(decoding: $0.content, as: UTF8.self) } }

    /// SHA-256, in hexadecimal, of everything that affects encoding: vocabulary, merges, added tokens, rules.
    package var fingerprint: String { parts.fingerprint }

    private static let largestPool = 32

    private func bytes(of id: Int32) -> [UInt8]? {
        contentOfAddedId[id] ?? parts.model.vocabulary.bytes(of: id).map { Array($0) }
    }

    private func encodeSection(
        _ bytes: [UInt8], _ range: Range<Int>, _ buffers: inout EncoderBuffers, into output: inout [Int32]
    ) {
        if parts.normalizers.isEmpty, normalizedTokens.isEmpty, !parts.preTokenizer.rewrites {
            return encodeWords(bytes, range, &buffers, into: &output)
        }
        let normalized = parts.normalizers.reduce(Array(bytes[range])) { $1.apply($0) }
        for section in normalizedTokens.sections(of: normalized) {
            if let id = section.id {
                output.append(id)
            } else if parts.preTokenizer.rewrites {
                let startsText = range.lowerBound == 0 && section.range.lowerBound == 0
                let text = parts.preTokenizer.rewritten(Array(normalized[section.range]), startsText: startsText)
                encodeWords(text, 0..<text.count, &buffers, into: &output)
            } else {
                encodeWords(normalized, section.range, &buffers, into: &output)
            }
        }
    }

    private func encodeWords(
        _ bytes: [UInt8], _ range: Range<Int>, _ buffers: inout EncoderBuffers, into output: inout [Int32]
    ) {
        var words = WordCursor(parts.preTokenizer, range)
        while let word = words.next(in: bytes) { encodeWord(bytes, word, &buffers, into: &output) }
    }

    @inline(__always)
    func encodeWord(
        _ bytes: [UInt8], _ word: Range<Int>, _ buffers: inout EncoderBuffers, into output: inout [Int32]
    ) {
        guard let key = WordCache.Key(bytes, word) else {
            return parts.model.encode(bytes, word, &buffers.merges, into: &output)
        }
        if buffers.cache.append(key, to: &output) { return }
        let start = output.count
        parts.model.encode(bytes, word, &buffers.merges, into: &output)
        buffers.cache.remember(key, output[start...])
    }
}

/// What one encoding call writes to.
struct EncoderBuffers: Sendable {
    var cache = WordCache()
    var merges = MergeScratch()
}
