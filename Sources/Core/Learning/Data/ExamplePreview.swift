package import CatenaFiles
import CatenaModels
package import CatenaText

/// What training makes of one example: its text, its tokens, and what of them is learned.
package struct ExamplePreview: Sendable {
    /// The file that the example came from.
    package let file: String
    /// Counts from 1.
    package let line: RecordPlace
    /// The text in pieces that are learned or not; empty for token ids of a model without a tokenizer.
    package let pieces: [TextRun]
    /// The tokens.
    package let encoded: EncodedExample
    /// What a whole sequence is judged as, as the data say it and as it is learned; nil where tokens are learned.
    package var judgement: (label: JSONValue, category: Int?)?
    /// Which of two answers it is, `chosen` or `rejected`; nil for others.
    package var answer: String?
    /// What to know about this example: ignored keys, what was cut, that nothing is learned.
    package var notes: [String]

    /// One element, one for each piece of a long document, or two for a pair of answers.
    ///
    /// - Parameters:
    ///   - tokenizer: for the text of token ids; nil where it cannot be used.
    ///   - positions: those of the model; nil where they are not known.
    package static func make(
        _ sourced: SourcedExample, encoder: any ExampleEncoding, tokenizer: Tokenizer?, positions: Int?
    ) throws(DataError) -> [ExamplePreview] {
        if case .preference(let chosen, let rejected) = sourced.example, let encoder = encoder as? PreferenceEncoder {
            return try pair(
                chosen, rejected, of: sourced, encoder: encoder, tokenizer: tokenizer, positions: positions)
        }
        let record = try encoder.record(sourced)
        var previews: [ExamplePreview] = []
        for (index, encoded) in record.examples.enumerated() {
            var pieces: [TextRun] = []
            if record.texts.indices.contains(index) {
                pieces = record.texts[index]
            } else if let tokenizer {
                pieces = encoded.runs(tokenizer)
            }
            var preview = ExamplePreview(
                file: sourced.file, line: sourced.line, pieces: pieces, encoded: encoded,
                notes: sourced.notes + record.notes + encoded.notes(positions: positions))
            preview.judgement = encoded.judgement((encoder as? SequenceEncoder)?.labels)
            previews.append(preview)
        }
        return previews
    }

    /// The chosen answer and the rejected one, each with its prompt.
    private static func pair(
        _ chosen: Example, _ rejected: Example, of sourced: SourcedExample, encoder: PreferenceEncoder,
        tokenizer: Tokenizer?, positions: Int?
    ) throws(DataError) -> [ExamplePreview] {
        let record = try encoder.record(sourced)
        var previews: [ExamplePreview] = []
        for (answer, example) in [("chosen", chosen), ("rejected", rejected)] {
            let one = SourcedExample(
                example, file: sourced.file, line: sourced.line, ignoredKeys: sourced.ignoredKeys)
            for var preview in try make(one, encoder: encoder.answers, tokenizer: tokenizer, positions: positions) {
                preview.answer = answer
                if record.areEqual { preview.notes.append("left out: chosen and rejected are equal") }
                previews.append(preview)
            }
        }
        return previews
    }

    /// The text; nil where there is no tokenizer to make one of ids.
    package var text: String? { pieces.isEmpty ? nil : pieces.map(\.text).joined() }

    /// `{"text", "input_ids", "labels", "notes"}`; of a sequence that is judged `"label"`, `"category"` and `"token_type_ids"` too, of an
    /// answer of a pair `"answer"`.
    package var json: JSONValue {
        var members: JSONObject = [
            "text": text.map { .string($0) } ?? .null,
            "input_ids": .array(encoded.inputIds.map { .integer(Int($0)) }),
            "labels": .array(encoded.labels.map { .integer(Int($0)) }),
            "notes": .array(notes.map { .string($0) }),
        ]
        if let judgement {
            members["label"] = judgement.label
            if let category = judgement.category { members["category"] = .integer(category) }
            let types = encoded.tokenTypes.isEmpty ? encoded.inputIds.map { _ in Int32(0) } : encoded.tokenTypes
            members["token_type_ids"] = .array(types.map { .integer(Int($0)) })
        }
        if let answer { members["answer"] = .string(answer) }
        return .object(members)
    }
}

extension EncodedExample {
    /// Neighbours that are both learned or both not, as text.
    fileprivate func runs(_ tokenizer: Tokenizer) -> [TextRun] {
        var pieces: [TextRun] = []
        var start = 0
        while start < inputIds.count {
            let isLearned = labels[start] != Self.ignored
            let end = labels[start...].firstIndex { ($0 != Self.ignored) != isLearned } ?? inputIds.count
            pieces.append(
                TextRun(tokenizer.decode(Array(inputIds[start..<end])), isLearned: isLearned))
            start = end
        }
        return pieces
    }

    /// The name of the class, or the number.
    fileprivate func judgement(_ labels: ClassLabels?) -> (label: JSONValue, category: Int?)? {
        switch target {
        case nil: nil
        case .category(let place): (labels.map { .string($0.names[Int(place)]) } ?? .null, Int(place))
        case .value(let value): (.shortest(Double("\(value)") ?? Double(value)), nil)
        }
    }

    fileprivate func notes(positions: Int?) -> [String] {
        var notes: [String] = []
        if wasCut { notes.append("cut to \(inputIds.count) tokens") }
        if let positions, inputIds.count > positions {
            notes.append("\(inputIds.count) tokens, more than the model's \(positions) positions")
        }
        if supervisedCount == 0 { notes.append("nothing is learned") }
        return notes
    }
}
