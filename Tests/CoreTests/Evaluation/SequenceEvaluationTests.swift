import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

import CatenaLearning

@Suite("Evaluation of sequences")
struct SequenceEvaluationTests {
    /// A BERT with a classifier of three classes.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fixtures/parity/bert/model").standardized.path

    /// Takes the digits of a text as token ids.
    private struct Digits: ExampleEncoding {
        let labels: ClassLabels
        var maximumLength: Int { 32 }
        var vocabularySize: Int { 56 }
        var keys: [String] { [] }
        var notes: [String] { [] }

        func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
            guard case .sequence(let text, _, let label) = sourced.example, let place = try? labels.place(of: label)
            else { throw .empty(file: sourced.file) }
            let ids = [2] + text.utf8.map { Int32($0) - 40 }
            var example = EncodedExample(inputIds: ids, labels: ids.map { _ in -100 })
            example.target = .category(place)
            return EncodedRecord(examples: [example])
        }
    }

    private let examples = (0..<37).map { index in
        SourcedExample(
            .sequence(first: "\(index * 7919)", second: nil, label: .number(index % 3)), file: "f",
            line: RecordPlace(index + 1))
    }

    private func model(_ purpose: ModelPurpose = ModelPurpose()) throws -> LanguageModel {
        try LanguageModel.load(Self.folder, for: purpose, engine: Engine(threads: 1))
    }

    @Test(
        "predictions are the classes with the highest scores, in groups whose losses add up to the same on any number of processes"
    )
    func groups() throws {
        let model = try model()
        let evaluation = try SequenceEvaluation(.classification, model: model)
        let encoder = Digits(labels: try model.classes())
        var reached: [Int] = []
        let whole = try evaluation.run(examples, encoder: encoder) { reached.append($0) }
        #expect(reached == [16, 32, 37] && whole.lossSums.count == 3)
        let parts = try [examples[..<16], examples[16...]].map { try evaluation.run(Array($0), encoder: encoder) }
        #expect(parts.flatMap(\.lossSums) == whole.lossSums)
        #expect(parts.flatMap(\.outcomes).map(\.judgement) == whole.outcomes.map(\.judgement))
        var correct = 0
        for (index, outcome) in whole.outcomes.enumerated() {
            var batch = Batch()
            batch.append(try encoder.encode(examples[index])[0], exampleIndex: 0)
            let scores = try #require(try model.judgements([batch], objective: CrossEntropy()).first)
            #expect(outcome.line == RecordPlace(index + 1) && scores.judgements == [outcome.judgement])
            #expect(scores.loss.metrics == [outcome.judgement.prediction == .category(Int32(index % 3)) ? 1 : 0])
            correct += outcome.judgement.prediction == .category(Int32(index % 3)) ? 1 : 0
        }
        let metrics = evaluation.metrics(whole.outcomes.map(evaluation.json))
        #expect(metrics["correct"] == .integer(correct) && metrics["examples"] == 37)
        let classes = try #require(metrics["classes"]?.arrayValue)
        #expect(classes.map { $0["label"] } == ["LABEL_0", "LABEL_1", "LABEL_2"])
        #expect(classes.map { $0["examples"] } == [13, 12, 12])
    }

    @Test("a model whose classifier nothing holds, one for another task and a language model are refused by name")
    func refused() throws {
        func refusal(_ task: CatenaModels.Task, _ model: LanguageModel) -> String {
            do {
                _ = try SequenceEvaluation(task, model: model)
                return "accepted"
            } catch {
                return "\(error)"
            }
        }
        let engine = Engine(threads: 1)
        #expect(refusal(.classification, try TinyModel.make(engine: engine)).contains("found a language model"))
        #expect(refusal(.regression, try model()).contains("a model with 3 scores"))
        let other = try model(ModelPurpose(task: .classification, labels: ["a", "b"]))
        #expect(refusal(.classification, other).contains("whose files do not hold classifier"))
    }

    @Test("an accuracy counts the highest score, of equal ones the first")
    func accuracy() throws {
        let memory = Engine(threads: 1).memory
        let scores = memory.tensor(rows: 3, columns: 2)
        for (index, value) in [Float(1), 2, 3, 0, 4, 4].enumerated() { scores.pointer[index] = value }
        let supervision = Supervision(rows: [0, 1, 2], targets: [1, 1, 0], weights: [1, 1, 1])
        #expect(CrossEntropy().metrics(of: scores, supervision) == [2])
        #expect(SquaredError().metrics.isEmpty)
    }
}
