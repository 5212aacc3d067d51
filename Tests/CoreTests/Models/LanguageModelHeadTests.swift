import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import Foundation
import Testing

@Suite("Language model head")
struct LanguageModelHeadTests {
    private func head(_ threads: Int = 1) throws -> LanguageModel {
        try TinyModel.make(engine: Engine(threads: threads)) { ($0.layerCount, $0.hiddenSize) = (1, 8) }
    }

    /// The loss of next tokens after `hidden`, whatever the tokens were.
    private func loss(
        _ model: LanguageModel, _ hidden: Tensor, targets: [Int32], weights: [Float]? = nil, wantsGradient: Bool = false
    ) -> Loss {
        let batch = Batch(
            inputIds: targets.map { _ in 0 }, targets: targets, weights: weights,
            layout: SequenceLayout(segmentStarts: [0, targets.count], positions: targets.indices.map { Int32($0) }))
        return model.head.loss(hidden, of: batch, NextToken(), wantsGradient: wantsGradient, engine: model.engine)
    }

    @Test("the hidden gradient matches finite differences, over several tiles, with weights and gaps")
    func hiddenGradient() throws {
        let model = try head()
        let rows = 600
        let hidden = model.engine.memory.tensor(tinyNormal(rows * 8, seed: 8), rows: rows, columns: 8)
        let targets = (0..<rows).map { $0 % 17 == 5 ? Int32(-100) : Int32($0 % 13) }
        let weights = (0..<rows).map { Float($0 % 4) / 2 }
        func loss(_ wantsGradient: Bool) -> Loss {
            self.loss(model, hidden, targets: targets, weights: weights, wantsGradient: wantsGradient)
        }
        let result = loss(true)
        #expect(result.supervisedCount == targets.filter { $0 >= 0 }.count)
        #expect(result.sum == loss(false).sum)
        #expect(loss(false).hiddenGradient == nil)
        let found = try #require(result.hiddenGradient).elements()
        // The rows are independent, so a few of every tile and the last one suffice.
        for row in [0, 5, 100, 511, 512, 513, 599] {
            let expected = GradientCheck.differences(hidden.pointer + row * 8, count: 8) { loss(false).sum }
            let actual = Array(found[row * 8..<row * 8 + 8])
            if row == 5 || weights[row] == 0 {
                #expect(actual.allSatisfy { $0 == 0 })
            } else {
                // The sum of 565 losses is rounded per row only, so the differences stay good.
                #expect(normwiseError(actual, expected) < 2e-3, "row \(row)")
            }
        }
    }

    @Test("the loss is the weighted sum of -log softmax over the supervised rows")
    func value() throws {
        let model = try head(2)
        let hidden = model.engine.memory.tensor(tinyNormal(5 * 8, seed: 2), rows: 5, columns: 8)
        let targets: [Int32] = [3, -100, 0, 12, -1]
        let weights: [Float] = [1, 9, 0.25, 2, 9]
        let logits = model.head.logits(hidden, engine: model.engine)
        var expected = 0.0
        for (row, target) in targets.enumerated() where target >= 0 {
            let z = logits.rows(row..<row + 1).elements().map(Double.init)
            expected += Double(weights[row]) * (log(z.reduce(0) { $0 + exp($1) }) - z[Int(target)])
        }
        let loss = loss(model, hidden, targets: targets, weights: weights)
        #expect(abs(loss.sum - expected) < 1e-5 * expected)
        #expect(loss.weight == 3.25)
        #expect(loss.supervisedCount == 3)
    }

    @Test("without any target the loss is 0 and the gradient is all zeros")
    func nothingSupervised() throws {
        let model = try head()
        let set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        let loss = GradientPass(model: model).run(
            Batch(
                inputIds: [1, 2, 3], targets: [-100, -100, -100],
                layout: SequenceLayout(segmentStarts: [0, 3], positions: [0, 1, 2])))
        #expect(loss.sum == 0)
        #expect(loss.weight == 0)
        #expect(set.gradients.elements().allSatisfy { $0 == 0 })
    }

    @Test("logits far apart neither overflow nor become NaN")
    func extremeLogits() throws {
        let model = try head()
        let set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        for index in 0..<set.count { set.values.pointer[index] *= 1000 }
        let loss = TinyBatch(lengths: [6], vocabulary: 13).run(model)
        #expect(loss.sum.isFinite)
        #expect(set.gradients.elements().allSatisfy { $0.isFinite })
    }
}
