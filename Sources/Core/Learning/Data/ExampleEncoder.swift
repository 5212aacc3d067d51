import CatenaText

/// Turns examples into tokens with a template and a tokenizer.
///
/// A conversation's text is encoded as a whole, so that its ids are those of Hugging Face's `apply_chat_template`; a token is learned if
/// any of its characters is. Prompts and answers that are joined as they are are encoded apart, so that no token lies on both
/// sides of the border and a prompt has the same tokens in training and in generation.
package struct ExampleEncoder: Sendable {
    /// Makes ids of text.
    package let tokenizer: any TextTokenizer
    /// Makes text of messages.
    package let template: ChatTemplate
    /// The most tokens of one example.
    package let maximumLength: Int
    /// Every token id is below this: what both the tokenizer and the model have.
    package let vocabularySize: Int
    /// Generation ends after any of these: the token that ends a turn and those that the model names.
    package let stopIds: [Int32]
    let joining: TextJoining

    /// - Parameter modelVocabularySize: how many tokens the model has, which may be fewer than the tokenizer has; nil for no
    ///   model in particular.
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` if fewer than two tokens fit.
    package init(
        tokenizer: any TextTokenizer, template: ChatTemplate, maximumLength: Int, modelVocabularySize: Int? = nil
    ) throws(DataError) {
        guard maximumLength >= 2 else {
            throw .invalidSetting(name: "data.max-length", value: "\(maximumLength)", expected: "at least 2 tokens")
        }
        self.tokenizer = tokenizer
        self.template = template
        self.maximumLength = maximumLength
        vocabularySize = min(tokenizer.vocabularySize, modelVocabularySize ?? .max)
        joining = TextJoining(tokenizer: tokenizer, template: template)
        let ends = tokenizer.endOfSequenceIds
        let turnEnd = Self.turnEnd(tokenizer, template).flatMap { ends.contains($0) ? nil : $0 }
        stopIds = (turnEnd.map { [$0] } ?? []) + ends
    }

    /// The example's texts, tokens and labels, and what its template says about it.
    ///
    /// Pieces of a document share their border token, so that every token but the first is learned once.
    package func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
        var record = try located(sourced) { () throws(TemplateMismatch) in try self.record(sourced.example) }
        let vocabulary = Int32(clamping: vocabularySize)
        for example in record.examples {
            if let id = (example.inputIds + example.labels).first(where: { $0 >= vocabulary }) {
                throw .invalidExample(
                    file: sourced.file, line: sourced.line, expected: "token ids below the vocabulary's \(vocabulary)",
                    found: tokenizer.token(of: id).map { "\(id), the tokenizer's \"\($0)\"" } ?? "\(id)")
            }
        }
        if case .document = sourced.example, let whole = record.examples.first {
            record.examples = pieces(of: whole)
            if record.examples.count > 1 { record.texts = [] }
            return record
        }
        record.examples = record.examples.map { $0.cut(to: maximumLength) }
        return record
    }

    private func record(_ example: Example) throws(TemplateMismatch) -> EncodedRecord {
        switch template.form(of: example) {
        case .judged:
            throw TemplateMismatch(expected: "an example of the task language-model", found: example.form)
        case .tokens(let inputIds, let labels):
            return EncodedRecord(examples: [EncodedExample(inputIds: inputIds, labels: labels)])
        case .text(let text):
            let whole = joining.text(text)
            return EncodedRecord(examples: [whole.example], texts: [whole.runs])
        case .joined(let prompt, let answer):
            let whole = joining.joined(prompt: prompt, answer: answer)
            return EncodedRecord(examples: [whole.example], texts: [whole.runs])
        case .conversation(let conversation):
            try requireUnwritten(example)
            return try self.record(conversation)
        }
    }

    private func record(_ conversation: Conversation) throws(TemplateMismatch) -> EncodedRecord {
        let writer = try template.template(for: conversation)
        do throws(TemplateError) {
            let texts = try writer.training(conversation)
            return EncodedRecord(
                examples: texts.examples.map { Self.encoded($0, tokenizer) }, texts: texts.examples.map(\.runs),
                notes: texts.notes.map(Self.sentence), isConversation: true)
        } catch {
            throw refused(error)
        }
    }

    /// The prompt of an example's last answer; nil for texts and tokens.
    package func prompt(for sourced: SourcedExample) throws(DataError) -> EncodedPrompt? {
        try located(sourced) { () throws(TemplateMismatch) in
            switch template.form(of: sourced.example) {
            case .tokens, .text, .judged: return nil
            case .joined(let prompt, _):
                let whole = joining.prompt(prompt)
                return EncodedPrompt(text: whole.text, inputIds: whole.ids, stopIds: stopIds)
            case .conversation:
                guard let conversation = sourced.example.promptConversation else { return nil }
                try requireUnwritten(sourced.example)
                return try prompt(for: conversation)
            }
        }
    }

    private func prompt(for conversation: Conversation) throws(TemplateMismatch) -> EncodedPrompt {
        let writer = try template.template(for: conversation)
        do throws(TemplateError) {
            let text = try writer.text(conversation, asksForAnswer: true)
            return EncodedPrompt(text: text, inputIds: tokenizer.encode(text), stopIds: stopIds)
        } catch {
            throw refused(error)
        }
    }

    /// The token at the end of an answer, if it is not one of the text's own.
    private static func turnEnd(_ tokenizer: any TextTokenizer, _ template: ChatTemplate) -> Int32? {
        let probe = Conversation(messages: [.init("user", "Hi"), .init("assistant", "Hello")])
        guard let text = try? template.template(for: probe).training(probe).examples.last else { return nil }
        guard let last = encoded(text, tokenizer).labels.last(where: { $0 != EncodedExample.ignored }),
            let token = tokenizer.token(of: last), tokenizer.isSpecial(last) || tokenizer.addedTokens.contains(token)
        else { return nil }
        return last
    }

    /// Refuses a prompt that begins with one of the model's own markers: a template would be put around a template.
    private func requireUnwritten(_ example: Example) throws(TemplateMismatch) {
        let text: String
        switch example {
        case .completion(let prompt, _): text = prompt
        case .instruction(let instruction, _, _): text = instruction
        default: return
        }
        guard let first = tokenizer.encode(String(text.drop(while: \.isWhitespace).prefix(256))).first,
            tokenizer.isSpecial(first), let token = tokenizer.token(of: first)
        else { return }
        throw TemplateMismatch(
            expected: "a prompt without the markers that the chat template writes",
            found: "one that begins with \(token); data.template: plain takes prompts and answers as they are")
    }

    private func refused(_ error: TemplateError) -> TemplateMismatch {
        TemplateMismatch(expected: "a conversation that the chat template can write", found: "that \(error)")
    }

    /// A note without the turn that it is of, so that equal ones of a file can be counted.
    private static func sentence(_ note: TrainingNote) -> String {
        let text = note.description
        guard text.hasPrefix("message "), let colon = text.firstIndex(of: ":") else { return text }
        return String(text[text.index(after: colon)...].drop { $0 == " " })
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

extension ExampleEncoder {
    /// The tokens of a whole text; learned are those that any learned character is in.
    ///
    /// A token that was put in, such as a prefix space, goes with the character behind it.
    static func encoded(_ text: TrainingText, _ tokenizer: any TextTokenizer) -> EncodedExample {
        let tokens = tokenizer.encodeWithOffsets(text.text)
        let learned = text.learnedBytes
        var next = 0
        var labels: [Int32] = []
        labels.reserveCapacity(tokens.ids.count)
        for (id, range) in zip(tokens.ids, tokens.ranges) {
            while next < learned.count, learned[next].upperBound <= range.lowerBound { next += 1 }
            let end = range.isEmpty ? range.lowerBound + 1 : range.upperBound
            let isLearned = next < learned.count && learned[next].lowerBound < end
            labels.append(isLearned ? id : EncodedExample.ignored)
        }
        return EncodedExample(inputIds: tokens.ids, labels: labels)
    }
}

extension TrainingText {
    /// What is learned, as ranges of UTF-8 bytes in their order.
    fileprivate var learnedBytes: [Range<Int>] {
        var byteOfScalar = [0]
        var byte = 0
        for scalar in text.unicodeScalars {
            byte += UTF8.width(scalar)
            byteOfScalar.append(byte)
        }
        return learned.map { byteOfScalar[$0.start]..<byteOfScalar[$0.end] }.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The text in parts that are learned or not.
    fileprivate var runs: [TextRun] {
        let bytes = Array(text.utf8)
        var runs: [TextRun] = []
        var end = 0
        func add(_ range: Range<Int>, isLearned: Bool) {
            if !range.isEmpty {
                runs.append(TextRun(String(decoding: bytes[range], as: UTF8.self), isLearned: isLearned))
            }
        }
        for range in learnedBytes where range.lowerBound >= end {
            add(end..<range.lowerBound, isLearned: false)
            add(range, isLearned: true)
            end = range.upperBound
        }
        add(end..<bytes.count, isLearned: false)
        return runs
    }
}

extension UTF8 {
    fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x80 ? 1 : scalar.value < 0x800 ? 2 : scalar.value < 0x1_0000 ? 3 : 4
    }
}
