/// An example as tokens: `labels[i]` stands for `inputIds[i]` (not shifted), -100 where nothing is learned.
public struct EncodedExample: Sendable, Equatable {
    /// Token ids.
    public var inputIds: [Int32]
    /// The id to learn at each place, or -100.
    public var labels: [Int32]
    /// Whether tokens were cut off at the end.
    public var wasCut = false

    /// How many positions have a target: the labels after the first token that are not -100.
    public var supervisedCount: Int { labels.dropFirst().count { $0 != EncodedExample.ignored } }

    /// The label of a token that is not learned.
    public static let ignored: Int32 = -100

    /// Tokens and their labels, one each.
    public init(inputIds: [Int32], labels: [Int32], wasCut: Bool = false) {
        precondition(inputIds.count == labels.count, "\(inputIds.count) tokens with \(labels.count) labels")
        self.inputIds = inputIds
        self.labels = labels
        self.wasCut = wasCut
    }
}

/// What to give a model so that it writes an example's last answer.
public struct EncodedPrompt: Sendable, Equatable {
    /// The prompt as text.
    public var text: String
    /// The prompt as token ids.
    public var inputIds: [Int32]
    /// Generation ends after any of these.
    public var stopIds: [Int32]
}

/// Turns examples into tokens with a template and a tokenizer.
///
/// Pieces of text that are learned and pieces that are not are encoded apart, so that no token lies on both sides of
/// a mask's border and a prompt has the same tokens in training and in generation.
public struct ExampleEncoder: Sendable {
    /// Makes ids of text.
    public let tokenizer: any TextTokenizer
    /// Makes text of messages.
    public let template: ChatTemplate
    /// The most tokens of one example.
    public let maximumLength: Int
    /// Every token id is below this: what both the tokenizer and the model have.
    public let vocabularySize: Int
    /// Whether the tokenizer puts a space before a text, which must not happen inside an example.
    private let addsPrefixSpace: Bool
    private let anchor: [Int32]

    /// - Parameter modelVocabularySize: how many tokens the model has, which may be fewer than the tokenizer has; nil for no
    ///   model in particular.
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` if fewer than two tokens fit.
    public init(
        tokenizer: any TextTokenizer, template: ChatTemplate, maximumLength: Int, modelVocabularySize: Int? = nil
    ) throws(DataError) {
        guard maximumLength >= 2 else {
            throw .invalidSetting(name: "data.max-length", value: "\(maximumLength)", expected: "at least 2 tokens")
        }
        self.tokenizer = tokenizer
        self.template = template
        self.maximumLength = maximumLength
        vocabularySize = min(tokenizer.vocabularySize, modelVocabularySize ?? .max)
        let letter = tokenizer.encode("a").first.flatMap { tokenizer.token(of: $0) }
        addsPrefixSpace = letter?.hasPrefix("\u{2581}") ?? false
        anchor = addsPrefixSpace ? tokenizer.encode("\n") : []
    }

    /// The example's tokens and labels: one element, or several for a document longer than the maximal length.
    ///
    /// Pieces of a document share their border token, so that every token but the first is learned once.
    package func encode(_ sourced: SourcedExample) throws(DataError) -> [EncodedExample] {
        let whole: EncodedExample
        if case .tokens(let inputIds, let labels) = sourced.example {
            whole = EncodedExample(inputIds: inputIds, labels: labels)
        } else {
            whole = encode(try pieces(of: sourced))
        }
        let vocabulary = Int32(clamping: vocabularySize)
        if let id = (whole.inputIds + whole.labels).first(where: { $0 >= vocabulary }) {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "token ids below the vocabulary's \(vocabulary)",
                found: tokenizer.token(of: id).map { "\(id), the tokenizer's \"\($0)\"" } ?? "\(id)")
        }
        if case .document = sourced.example { return pieces(of: whole) }
        return [whole.cut(to: maximumLength)]
    }

    /// The example's text in pieces that are learned or not; none for token ids.
    func pieces(of sourced: SourcedExample) throws(DataError) -> [TemplatePiece] {
        try located(sourced) { () throws(TemplateMismatch) in try template.render(sourced.example) }
    }

    /// The prompt of an example's last answer; nil for texts and tokens.
    package func prompt(for sourced: SourcedExample) throws(DataError) -> EncodedPrompt? {
        let pieces = try located(sourced) { () throws(TemplateMismatch) in try template.renderPrompt(sourced.example) }
        return pieces.map(prompt(of:))
    }

    /// The prompt that asks for the next turn of a conversation, for `catena generate`.
    package func prompt(for conversation: Conversation) throws(DataError) -> EncodedPrompt {
        let sourced = SourcedExample(.conversation(conversation), file: "prompt", line: 1)
        return prompt(
            of: try located(sourced) { () throws(TemplateMismatch) in
                try template.render(conversation, asksForAnswer: true)
            })
    }

    private func prompt(of pieces: [TemplatePiece]) -> EncodedPrompt {
        EncodedPrompt(
            text: pieces.map(\.text).joined(), inputIds: encode(pieces).inputIds,
            stopIds: template.stopIds(tokenizer: tokenizer))
    }

    private func located<R>(
        _ sourced: SourcedExample, _ body: () throws(TemplateMismatch) -> R
    ) throws(DataError) -> R {
        do {
            return try body()
        } catch {
            throw .invalidExample(file: sourced.file, line: sourced.line, expected: error.expected, found: error.found)
        }
    }

    private func encode(_ pieces: [TemplatePiece]) -> EncodedExample {
        var example = EncodedExample(inputIds: [], labels: [])
        for piece in joined(pieces) {
            let ids: [Int32]
            if piece.isToken, let id = tokenizer.id(of: piece.text) {
                ids = [id]
            } else {
                ids = example.inputIds.isEmpty ? tokenizer.encode(piece.text) : continuation(piece.text)
            }
            example.inputIds += ids
            example.labels += piece.isSupervised ? ids : Array(repeating: EncodedExample.ignored, count: ids.count)
        }
        return example
    }

    /// Neighbours that are text and are both learned or both not, as one piece.
    private func joined(_ pieces: [TemplatePiece]) -> [TemplatePiece] {
        var result: [TemplatePiece] = []
        for piece in pieces where !piece.text.isEmpty {
            if let last = result.last, !last.isToken, !piece.isToken, last.isSupervised == piece.isSupervised {
                result[result.count - 1].text += piece.text
            } else {
                result.append(piece)
            }
        }
        return result
    }

    /// The tokens of a text that goes on after other text: without the space that some tokenizers put first.
    private func continuation(_ text: String) -> [Int32] {
        guard addsPrefixSpace else { return tokenizer.encode(text) }
        let ids = tokenizer.encode("\n" + text)
        return ids.starts(with: anchor) ? Array(ids.dropFirst(anchor.count)) : tokenizer.encode(text)
    }

    private func pieces(of whole: EncodedExample) -> [EncodedExample] {
        var pieces: [EncodedExample] = []
        var start = 0
        repeat {
            let range = start..<min(start + maximumLength, whole.inputIds.count)
            pieces.append(EncodedExample(inputIds: Array(whole.inputIds[range]), labels: Array(whole.labels[range])))
            start += maximumLength - 1
        } while start < whole.inputIds.count - 1
        return pieces
    }
}
