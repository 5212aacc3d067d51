import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

@Suite("Loss evaluation")
struct LossEvaluationTests {
    private let examples = [
        EncodedExample(inputIds: [1, 2, 3, 4], labels: [-100, 2, 3, 4]),
        EncodedExample(inputIds: [5, 6, 7], labels: [-100, -100, -100]),
        EncodedExample(inputIds: [8, 9, 10, 11, 12], labels: [-100, -100, 10, 11, 12]),
    ]

    @Test("the sums do not depend on the batches and equal those of single examples")
    func sums() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        var together = LossEvaluation()
        var reached: [Int] = []
        try together.add(examples, model: model) { reached.append($0) }
        #expect(reached == [3])
        var parts = [0.0, 0, 0, 0, 0]
        for example in examples {
            var one = LossEvaluation()
            try one.add([example], model: model, tokensPerBatch: 1)
            parts = zip(parts, one.sums).map { $0 + $1 }
        }
        var added = LossEvaluation()
        added.sums = parts
        #expect(added.supervisedCount == 6)
        #expect((added.exampleCount, added.skippedCount, added.tokenCount) == (2, 1, 7))
        #expect(abs(added.loss - together.loss) < 1e-6)
        #expect(together.supervisedCount == 6)
        #expect(together.loss > 0.5)
    }

    @Test("parts are added in their order")
    func parts() {
        var (first, second) = (LossEvaluation(), LossEvaluation())
        first.sums = [1.5, 2, 5, 1, 0]
        second.sums = [0.25, 1, 3, 2, 1]
        #expect(LossEvaluation(adding: [first, second]).sums == [1.75, 3, 8, 3, 1])
        #expect(LossEvaluation(adding: []) == LossEvaluation())
    }

    @Test("a token outside the vocabulary is refused")
    func outside() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        var evaluation = LossEvaluation()
        #expect(throws: ModelError.tokenOutOfRange(id: 13, vocabularySize: 13)) {
            try evaluation.add([EncodedExample(inputIds: [1, 13], labels: [1, 13])], model: model)
        }
    }
}
