import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

@Suite("Choice of options")
struct ChoiceAccuracyTests {
    private func encoder() throws -> ExampleEncoder {
        let tokenizer = ByteTokenizer()
        return try ExampleEncoder(
            tokenizer: tokenizer, template: ChatTemplate(named: "plain", tokenizer: tokenizer), maximumLength: 64)
    }

    private func model() throws -> LanguageModel {
        try TinyModel.make(engine: Engine(threads: 1)) { $0.vocabularySize = 261 }
    }

    private let questions = [
        ChoiceExample(prompt: "Is it?", choices: ["yes", "no", "perhaps not"], answer: 1),
        ChoiceExample(prompt: "And now?", choices: ["a", "bb"], answer: 0, line: 2),
    ]

    @Test("scores are the losses of each option alone, and the lowest wins", arguments: [false, true])
    func scores(isNormalised: Bool) throws {
        let (encoder, model) = (try encoder(), try model())
        let outcomes = try ChoiceAccuracy(encoder: encoder, isLengthNormalised: isNormalised).run(
            questions, model: model)
        #expect(outcomes.map(\.line) == [1, 2])
        for (question, outcome) in zip(questions, outcomes) {
            var expected: [Double] = []
            for choice in question.choices {
                var one = LossEvaluation()
                let example = SourcedExample(
                    .completion(prompt: question.prompt, completion: choice), file: "f", line: 1)
                try one.add(encoder.encode(example), model: model)
                expected.append(isNormalised ? one.lossSum / Double(choice.utf8.count) : one.lossSum)
            }
            for (found, loss) in zip(outcome.scores, expected) { #expect(abs(found - loss) < 1e-5 * loss) }
            #expect(outcome.scores.count == expected.count)
            let best = expected.indices.min { expected[$0] < expected[$1] }
            #expect(outcome.answer == best && outcome.isCorrect == (best == question.answer))
        }
    }

    @Test("an option that does not fit is refused with its line")
    func tooLong() throws {
        let long = ChoiceExample(
            prompt: String(repeating: "x", count: 70), choices: ["a", "b"], answer: 0, file: "f.jsonl", line: 9)
        #expect {
            try ChoiceAccuracy(encoder: encoder(), isLengthNormalised: false).run([long], model: model())
        } throws: { "\($0)".hasPrefix("f.jsonl:9: expected a prompt and options of at most 64 tokens") }
    }

    @Test("other keys are noted, those that change training refused; columns and lists are read")
    func keys() throws {
        let folder = try TinyFolder()
        let question = #"{"q": "p", "options": ["a", "b"], "answer": 1.0, "id": 7}"#
        let columns = [("prompt", "q"), ("choices", "options")].map {
            RunConfiguration.DataSection.Column(key: $0.0, name: $0.1)
        }
        for text in [question + "\n" + question, "[\(question), \(question)]", "{\"data\": [\(question),\(question)]}"]
        {
            let path = try folder.write("q.json", text)
            let file = try ChoiceFile(path: path, columns: columns)
            #expect(
                file.examples.map(\.answer) == [1, 1] && file.examples.map(\.choices) == [["a", "b"], ["a", "b"]])
            #expect(file.notes == ["\(path): ignored: id"])
        }
        let path = try folder.write("q.json", #"{"prompt": "p", "choices": ["a", "b"], "answer": 1, "weight": 2}"#)
        let weighted = #expect(throws: DataError.self) { try ChoiceFile(path: path) }
        #expect(weighted?.description.contains("weights of whole examples") == true)
        let mapped = #expect(throws: DataError.self) { try ChoiceFile(path: path, columns: columns) }
        #expect(mapped?.description.contains("the column \"q\"") == true)
    }

    @Test(
        "a question that is none is refused with its line",
        arguments: [
            (#"{"prompt": "p", "choices": ["a"], "answer": 0}"#, "two or more different strings"),
            (#"{"prompt": "p", "choices": ["a", "a"], "answer": 0}"#, "two or more different strings"),
            (#"{"prompt": "p", "choices": ["a", 1], "answer": 0}"#, "two or more different strings"),
            (#"{"prompt": "p", "choices": ["a", "b"], "answer": 2}"#, "0...1, found the number 2"),
            (#"{"choices": ["a", "b"], "answer": 1}"#, "a string in \"prompt\""),
            (#"{"prompt": "#, "not valid JSON"),
        ])
    func refused(text: String, expected: String) throws {
        let folder = try TinyFolder()
        let path = try folder.write(
            "q.jsonl", #"{"prompt": "p", "choices": ["a", "b"], "answer": 1}"# + "\n\n" + text + "\n")
        do throws(DataError) {
            _ = try ChoiceFile(path: path)
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".hasPrefix(path + ":3") && "\(error)".contains(expected), "\(error)")
        }
    }
}
