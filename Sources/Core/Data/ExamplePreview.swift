package import CatenaFiles
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
    /// What to know about this example: ignored keys, what was cut, that nothing is learned.
    package let notes: [String]

    /// One element, or one for each piece of a long document.
    ///
    /// - Parameters:
    ///   - tokenizer: for the text of token ids; nil where it cannot be used.
    ///   - positions: those of the model; nil where they are not known.
    package static func make(
        _ sourced: SourcedExample, encoder: any ExampleEncoding, tokenizer: Tokenizer?, positions: Int?
    ) throws(DataError) -> [ExamplePreview] {
        let record = try encoder.record(sourced)
        var previews: [ExamplePreview] = []
        for (index, encoded) in record.examples.enumerated() {
            var pieces: [TextRun] = []
            if record.texts.indices.contains(index) {
                pieces = record.texts[index]
            } else if let tokenizer {
                pieces = encoded.runs(tokenizer)
            }
            previews.append(
                ExamplePreview(
                    file: sourced.file, line: sourced.line, pieces: pieces, encoded: encoded,
                    notes: sourced.notes + record.notes + encoded.notes(positions: positions)))
        }
        return previews
    }

    /// The text; nil where there is no tokenizer to make one of ids.
    package var text: String? { pieces.isEmpty ? nil : pieces.map(\.text).joined() }

    /// `{"text", "input_ids", "labels", "notes"}`.
    package var json: JSONValue {
        [
            "text": text.map { .string($0) } ?? .null,
            "input_ids": .array(encoded.inputIds.map { .integer(Int($0)) }),
            "labels": .array(encoded.labels.map { .integer(Int($0)) }),
            "notes": .array(notes.map { .string($0) }),
        ]
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
