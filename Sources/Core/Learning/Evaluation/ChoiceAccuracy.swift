import CatenaEngine
package import CatenaFiles
package import CatenaModels

/// Answers questions with options by the option that the model finds most probable.
///
///     score(option) = -log p(option, end of answer | prompt)        divided by the option's UTF-8 bytes if normalised
///
/// The option with the lowest score is the answer; of equal ones the first. Prompt and end are made by the template as in
/// training.
///
/// - Source: the scores are `acc` and, for a one-byte alphabet, `acc_norm` of EleutherAI's lm-evaluation-harness.
package struct ChoiceAccuracy {
    /// One answered question.
    package struct Outcome: Sendable, Equatable {
        /// Where the question is in its file.
        package let line: RecordPlace
        /// Score of each option, in nats (a byte).
        package let scores: [Double]
        /// Index of the lowest.
        package let answer: Int
        /// Whether it is the right one.
        package let isCorrect: Bool

        /// As a member of a report.
        package var json: JSONValue {
            .object(
                line.json.merging([
                    "scores": .array(scores.map { .number($0) }), "answer": .integer(answer),
                    "correct": .bool(isCorrect),
                ]))
        }
    }

    private let encoder: ExampleEncoder
    private let isLengthNormalised: Bool

    /// Scores options with prompts made as in training.
    package init(encoder: ExampleEncoder, isLengthNormalised: Bool) {
        self.encoder = encoder
        self.isLengthNormalised = isLengthNormalised
    }

    /// The tokens of each question with each of its options.
    ///
    /// - Throws: ``DataError`` for a question whose options do not fit into the encoder's length.
    package func encode(_ example: ChoiceExample) throws(DataError) -> [EncodedExample] {
        var encoded: [EncodedExample] = []
        for choice in example.choices {
            let whole = SourcedExample(
                .completion(prompt: example.prompt, completion: choice), file: example.file, line: example.line)
            guard let one = try encoder.encode(whole).first, !one.wasCut, one.supervisedCount > 0 else {
                throw .invalidExample(
                    file: example.file, line: example.line,
                    expected: "a prompt and options of at most \(encoder.maximumLength) tokens together",
                    found: "more; shorten the prompt or raise the maximal length")
            }
            encoded.append(one)
        }
        return encoded
    }

    /// The outcomes for `examples`, in their order.
    ///
    /// All options go through each block of the model together, so a model whose blocks are gathered is visited once a call.
    package func run(_ examples: [ChoiceExample], model: LanguageModel) throws -> [Outcome] {
        let encoded = try examples.map(encode)
        for id in encoded.joined().lazy.flatMap(\.inputIds) { try model.requireToken(id) }
        let inputs = encoded.joined().map { example in
            var batch = Batch()
            batch.append(example, exampleIndex: 0)
            return batch
        }
        var sums = try model.losses(inputs).map(\.sum)[...]
        return examples.map { example in
            let own = sums.prefix(example.choices.count)
            sums = sums.dropFirst(example.choices.count)
            return outcome(example, losses: Array(own))
        }
    }

    /// The outcome of a question whose options have these losses.
    func outcome(_ example: ChoiceExample, losses: [Double]) -> Outcome {
        let scores = zip(example.choices, losses).map { choice, loss in
            isLengthNormalised ? loss / Double(choice.utf8.count) : loss
        }
        let answer = scores.indices.min { (scores[$0], $0) < (scores[$1], $1) } ?? 0
        return Outcome(line: example.line, scores: scores, answer: answer, isCorrect: answer == example.answer)
    }
}
