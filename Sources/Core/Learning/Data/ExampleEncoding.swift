package import CatenaModels

/// Makes tokens of examples.
package protocol ExampleEncoding: Sendable {
    /// The most tokens of one example.
    var maximumLength: Int { get }
    /// Every token id is below this.
    var vocabularySize: Int { get }
    /// All that the tokens depend on besides the data and the length.
    var keys: [String] { get }
    /// What the examples are for: it decides which forms a file may have.
    var task: Task { get }
    /// What the tokens of an example are.
    var content: DataContent { get }
    /// How many classes there are, where sequences are of classes.
    var categoryCount: Int { get }
    /// No token type is above this.
    var largestTokenType: Int32 { get }
    /// What the user should know about how it was chosen, one sentence each.
    var notes: [String] { get }

    /// The example's tokens and labels, its texts, and what its template says about it.
    ///
    /// - Throws: ``DataError`` for what is wrong with this example, or
    ///   ``DataError/tokenizerNeeded(file:line:form:reason:)``, which is wrong with all of its form.
    func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord
}

/// What prepared examples are.
package enum DataContent: String, Sendable, Codable {
    /// Tokens, some of which are learned.
    case tokens
    /// Sequences of classes.
    case categories
    /// Sequences of numbers.
    case values
    /// Images of classes; what others have of tokens are the bits of their pixels.
    case images
    /// Two answers, one after the other, each with its prompt.
    case pairs
}

extension ExampleEncoding {
    package var task: Task { .languageModel }
    package var content: DataContent { .tokens }
    package var categoryCount: Int { 0 }
    package var largestTokenType: Int32 { 0 }

    /// The example's tokens and labels: one element, or several for a document longer than the maximal length and for a
    /// conversation that has to be split.
    package func encode(_ sourced: SourcedExample) throws(DataError) -> [EncodedExample] {
        try record(sourced).examples
    }

    /// The tokens of all `examples`, a list for each.
    ///
    /// - Throws: ``DataError/faults(_:)`` with the examples that have none.
    package func encode(all examples: some Sequence<SourcedExample>) throws(DataError) -> [[EncodedExample]] {
        var encoded: [[EncodedExample]] = []
        var faults = DataFaults()
        for sourced in examples {
            do throws(DataError) {
                encoded.append(try encode(sourced))
            } catch {
                if case .tokenizerNeeded = error { throw error }
                faults.add(error)
            }
        }
        try faults.requireNone()
        return encoded
    }
}

extension ExampleEncoder: ExampleEncoding {
    package var keys: [String] {
        [tokenizer.fingerprint, template.fingerprintText]
            + (vocabularySize < tokenizer.vocabularySize ? ["\(vocabularySize)"] : [])
    }

    package var notes: [String] { [template.choice] }
}

/// Takes examples that are token ids already, for a model without a tokenizer.
package struct TokenIdEncoder: ExampleEncoding {
    package let maximumLength: Int
    /// Every token id is below this.
    package let vocabularySize: Int
    /// Why there is no tokenizer.
    private let reason: String

    /// Ids of a model that has `vocabularySize` tokens and, for `reason`, no tokenizer.
    package init(maximumLength: Int, vocabularySize: Int, reason: String) {
        self.maximumLength = maximumLength
        self.vocabularySize = vocabularySize
        self.reason = reason
    }

    package var keys: [String] { ["token ids", "\(vocabularySize)"] }

    package var notes: [String] { [] }

    package func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
        guard case .tokens(let inputIds, let labels) = sourced.example else {
            throw .tokenizerNeeded(
                file: sourced.file, line: sourced.line, form: sourced.example.form, reason: reason)
        }
        let vocabulary = Int32(clamping: vocabularySize)
        if let id = (inputIds + labels).first(where: { $0 >= vocabulary }) {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "token ids below the vocabulary's \(vocabulary)",
                found: "\(id)")
        }
        return EncodedRecord(
            examples: [EncodedExample(inputIds: inputIds, labels: labels).cut(to: maximumLength)])
    }
}

extension EncodedExample {
    /// The first `length` tokens.
    func cut(to length: Int) -> EncodedExample {
        guard inputIds.count > length else { return self }
        return EncodedExample(inputIds: Array(inputIds[..<length]), labels: Array(labels[..<length]), wasCut: true)
    }
}
