package import CatenaModels

/// Encodes pairs of answers, each with the prompt before it as it is in training a language model.
///
/// A pair whose answers are equal, as they are or once they are cut, teaches nothing: it is left out and counted.
package struct PreferenceEncoder: ExampleEncoding {
    /// Encodes each answer with its prompt.
    package let answers: ExampleEncoder

    /// Pairs of what `answers` makes of each answer.
    package init(_ answers: ExampleEncoder) { self.answers = answers }

    package var maximumLength: Int { answers.maximumLength }
    package var vocabularySize: Int { answers.vocabularySize }
    package var task: Task { .preference }
    package var content: DataContent { .pairs }
    package var keys: [String] { [task.rawValue] + answers.keys }
    package var notes: [String] { answers.notes }

    package func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
        guard case .preference(let chosen, let rejected) = sourced.example else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "\"chosen\" and \"rejected\" (task: preference)",
                found: sourced.example.form)
        }
        let first = try whole(chosen, "chosen", sourced)
        let second = try whole(rejected, "rejected", sourced)
        var record = EncodedRecord(examples: [], isConversation: first.isConversation)
        record.notes = first.notes + second.notes.filter { !first.notes.contains($0) }
        guard let chosen = first.examples.first?.trimmed, let rejected = second.examples.first?.trimmed else {
            return record
        }
        record.wasCut = chosen.wasCut || rejected.wasCut
        guard chosen.supervisedCount > 0, rejected.supervisedCount > 0 else { return record }
        if chosen.inputIds == rejected.inputIds {
            record.areEqual = true
            return record
        }
        var pair = EncodedExample(
            inputIds: chosen.inputIds + rejected.inputIds, labels: chosen.labels + rejected.labels,
            wasCut: record.wasCut)
        pair.chosenCount = chosen.inputIds.count
        record.examples = [pair]
        record.texts = zip(first.texts, second.texts).prefix(1).map { $0 + $1 }
        return record
    }

    /// An answer with its prompt, as one sequence.
    private func whole(_ example: Example, _ key: String, _ sourced: SourcedExample) throws(DataError) -> EncodedRecord
    {
        let record = try answers.record(SourcedExample(example, file: sourced.file, line: sourced.line))
        guard record.examples.count == 1 else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line,
                expected: "an answer in \"\(key)\" that the chat template writes as one text with its prompt",
                found: "\(record.examples.count) texts; keep the last turn alone as the answer")
        }
        return record
    }
}
