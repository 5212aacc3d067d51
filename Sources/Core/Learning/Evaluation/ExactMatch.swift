package import CatenaFiles
package import CatenaModels
package import CatenaText

/// Generates the last answer of examples and compares it with theirs by an answer pattern.
package struct ExactMatch {
    /// One compared answer.
    package struct Outcome: Sendable, Equatable {
        /// Where the example is in its file.
        package let line: RecordPlace
        /// The example's own answer.
        package let reference: String
        /// What the model wrote.
        package let generated: String
        /// What the pattern found in it.
        package let answer: String?
        /// Whether the two answers are equal.
        package let isCorrect: Bool

        /// As a member of a report.
        package var json: JSONValue {
            .object(
                line.json.merging([
                    "reference": .string(reference), "generated": .string(generated),
                    "answer": answer.map { .string($0) } ?? .null, "correct": .bool(isCorrect),
                ]))
        }

        /// What ``json`` gave.
        package init?(_ json: JSONValue) {
            guard let line = json["line"]?.intValue, let reference = json["reference"]?.stringValue,
                let generated = json["generated"]?.stringValue, let isCorrect = json["correct"]?.boolValue
            else { return nil }
            self.init(
                line: RecordPlace(line, record: json["record"]?.intValue), reference: reference, generated: generated,
                answer: json["answer"]?.stringValue,
                isCorrect: isCorrect)
        }

        init(line: RecordPlace, reference: String, generated: String, answer: String?, isCorrect: Bool) {
            self.line = line
            self.reference = reference
            self.generated = generated
            self.answer = answer
            self.isCorrect = isCorrect
        }
    }

    private let encoder: ExampleEncoder
    private let tokenizer: Tokenizer
    private let pattern: AnswerPattern

    /// Compares by `pattern`; prompts are made as in training.
    package init(encoder: ExampleEncoder, tokenizer: Tokenizer, pattern: AnswerPattern) {
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.pattern = pattern
    }

    /// The outcomes for `examples`, in their order; answers are generated greedily. An outcome depends on its example and the
    /// model alone, not on what is beside it.
    ///
    /// - Parameters:
    ///   - maximumTokens: an answer is cut there, or where the model has no more positions after its own prompt.
    ///   - batch: answers written at the same time.
    ///   - onProgress: called with the number of answers begun so far whenever it grows.
    /// - Throws: ``EvaluationError`` for an example without an answer or with too long a prompt.
    package func run(
        _ examples: [SourcedExample], model: LanguageModel, maximumTokens: Int, batch: Int,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> [Outcome] {
        let prompts = try examples.map { try prompt(for: $0, model: model) }
        let requests = prompts.map { item in
            Generator.Request(
                prompt: item.prompt.inputIds,
                maximumTokens: min(
                    maximumTokens, model.configuration.maximumPositions - item.prompt.inputIds.count),
                stopIds: Set(item.prompt.stopIds))
        }
        var begun = 0
        let answers = try Generator(model: model, stopIds: []).generate(
            requests, batch: batch, sampler: { _ in Sampler(temperature: 0, topP: 1, seed: 0) }
        ) { index, _ in
            guard index >= begun else { return }
            begun = index + 1
            onProgress(begun)
        }
        return zip(zip(examples, prompts), answers).map { item, ids in
            let generated = tokenizer.decode(ids, skipSpecialTokens: true)
            return Outcome(
                line: item.0.line, reference: item.1.reference, generated: generated,
                answer: pattern.answer(in: generated),
                isCorrect: pattern.matches(generated: generated, reference: item.1.reference))
        }
    }

    private func prompt(
        for example: SourcedExample, model: LanguageModel
    ) throws -> (prompt: EncodedPrompt, reference: String) {
        guard let reference = example.example.reference, let prompt = try encoder.prompt(for: example) else {
            throw EvaluationError.noReference(
                file: example.file, line: example.line, form: example.example.form)
        }
        let place = "\(example.file):\(example.line)"
        guard !prompt.inputIds.isEmpty else { throw EvaluationError.emptyPrompt(place: place) }
        let limit = model.configuration.maximumPositions
        guard prompt.inputIds.count < limit else {
            throw EvaluationError.promptTooLong(
                place: place, tokenCount: prompt.inputIds.count, maximumTokens: limit)
        }
        return (prompt, reference)
    }
}
