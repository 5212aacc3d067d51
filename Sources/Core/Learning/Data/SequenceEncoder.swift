package import CatenaModels
import CatenaText

/// Encodes texts that are judged as a whole: what the tokenizer makes of one or two texts, with its special tokens.
///
/// Longer ones lose tokens at the end of a text, the longer one first, and are counted.
package struct SequenceEncoder: ExampleEncoding {
    package let maximumLength: Int
    package let vocabularySize: Int
    /// The classes; nil where numbers are learned.
    package let labels: ClassLabels?
    private let tokenizer: any TextTokenizer
    private let template: SequenceTemplate
    /// Whether the model tells token types apart.
    private let hasTypes: Bool

    /// - Parameters:
    ///   - modelVocabularySize: how many tokens the model has; nil for no model in particular.
    ///   - typeCount: how many token types the model has; 1 makes all of them 0, nil for no model in particular.
    /// - Throws: ``TokenizerError`` for a post-processor that is not understood; ``DataError/invalidSetting(name:value:expected:)`` for
    ///   a length that leaves no room for texts, and for types that the model does not have.
    package init(
        tokenizer: any TextTokenizer, maximumLength: Int, labels: ClassLabels?, modelVocabularySize: Int? = nil,
        typeCount: Int? = nil, lengthName: String = "data.max-length"
    ) throws {
        self.tokenizer = tokenizer
        self.maximumLength = maximumLength
        self.labels = labels
        vocabularySize = min(tokenizer.vocabularySize, modelVocabularySize ?? .max)
        template = try tokenizer.sequenceTemplate()
        hasTypes = typeCount != 1
        guard template.sequence([0], [0], maximumLength: maximumLength) != nil else {
            throw DataError.invalidSetting(
                name: lengthName, value: "\(maximumLength)",
                expected: "room for two texts beside the tokens that the tokenizer adds")
        }
        if let typeCount, hasTypes, template.largestType >= typeCount {
            throw DataError.invalidSetting(
                name: "the tokenizer's post-processor", value: "the token type \(template.largestType)",
                expected: "types below the model's \(typeCount) (type_vocab_size)")
        }
    }

    package var task: Task { labels == nil ? .regression : .classification }
    package var content: DataContent { labels == nil ? .values : .categories }
    package var categoryCount: Int { labels?.count ?? 0 }
    package var largestTokenType: Int32 { hasTypes ? template.largestType : 0 }

    package var keys: [String] {
        [task.rawValue, tokenizer.fingerprint, template.description, "\(vocabularySize)", "\(hasTypes)"]
            + (labels?.names ?? [])
    }

    package var notes: [String] { labels.map { [$0.note] } ?? [] }

    package func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
        guard case .sequence(let first, let second, let label) = sourced.example else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "a text and a \"label\" (task: \(task.rawValue))",
                found: sourced.example.form)
        }
        guard sourced.example.hasTarget else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "a text to judge",
                found: "one without a character but blanks")
        }
        let target: SegmentTarget
        do {
            target = try self.target(label)
        } catch {
            throw .invalidExample(file: sourced.file, line: sourced.line, expected: error.expected, found: error.found)
        }
        guard
            let sequence = template.sequence(
                tokenizer.encode(first), second.map(tokenizer.encode), maximumLength: maximumLength)
        else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "at most \(maximumLength) tokens", found: "more")
        }
        let vocabulary = Int32(clamping: vocabularySize)
        if let id = sequence.ids.first(where: { $0 >= vocabulary }) {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "token ids below the vocabulary's \(vocabulary)",
                found: tokenizer.token(of: id).map { "\(id), the tokenizer's \"\($0)\"" } ?? "\(id)")
        }
        var example = EncodedExample(
            inputIds: sequence.ids,
            labels: Array(repeating: EncodedExample.ignored, count: sequence.ids.count), wasCut: sequence.wasCut)
        example.target = target
        if hasTypes, sequence.types.contains(where: { $0 != 0 }) { example.tokenTypes = sequence.types }
        return EncodedRecord(examples: [example])
    }

    private func target(_ label: ExampleLabel) throws(RecordFault) -> SegmentTarget {
        if let labels { return .category(try labels.place(of: label)) }
        guard case .value(let value) = label else {
            throw RecordFault(expected: "a number in \"label\"", found: "a class")
        }
        return .value(Float(value))
    }
}
