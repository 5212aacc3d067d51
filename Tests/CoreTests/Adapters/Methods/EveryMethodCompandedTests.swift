import CatenaAdapters
import CatenaEngine
import CatenaModels
import Foundation
import Testing

/// A weight compander under every method: the method does not know of it.
@Suite("Every adapter method under a weight compander")
struct EveryMethodCompandedTests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
    private let compander = WeightCompander(
        function: .arctan, range: 2, expand: 1.5, floor: 0.05, learnsScales: true)

    private func logits(_ model: LanguageModel) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    private func attach(_ testCase: MethodCase, trained: Bool) throws -> (LanguageModel, ParameterSet) {
        let model = try TinyModel.make(engine: engine, testCase.model)
        let set = ParameterSet(
            try model.attachAdapters(try testCase.section, seed: 3).parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        if trained { TinyModel.addNoise(to: set, standardDeviation: 0.2) }
        return (model, set)
    }

    @Test(
        "the output is what it was at step 0, fresh or not, but for rounding", arguments: MethodCase.all, [false, true])
    func start(testCase: MethodCase, trained: Bool) throws {
        let (model, set) = try attach(testCase, trained: trained)
        let (before, values) = (logits(model), set.values.elements())
        let raw = RawParameters(set, through: compander, engine: engine) { $0.name }
        try raw.begin()
        for (found, first) in zip(set.values.elements(), values) { #expect(abs(found - first) <= 4e-7 * abs(first)) }
        #expect(normwiseError(logits(model), before) < 5e-6)
    }

    /// One case of a few methods, whose tensors are matrices, scales and vectors of the model.
    private static let gradientCases = ["lora", "ia3", "ln-tuning", "full"].compactMap { name in
        MethodCase.all.first { $0.method == name }
    }

    @Test("the whole model's loss has the gradient of its differences by the raw numbers", arguments: gradientCases)
    func gradients(testCase: MethodCase) throws {
        let (model, set) = try attach(testCase, trained: true)
        let raw = RawParameters(set, through: compander, engine: engine) { $0.name }
        try raw.begin()
        let worst = GradientCheck.worst(raw.set, floor: 0.02, step: testCase.differenceStep) {
            set.gradients.fill(0)
            batch.run(model)
            raw.pullBack()
        } _: {
            raw.writeSeen()
            return batch.run(model).sum
        }
        #expect(worst.error < 1e-2, "\(worst)")
    }
}
