import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// Agreement with transformers and PEFT for models that judge whole sequences; the bounds are those of language models.
@Suite("Parity with transformers and PEFT, sequences")
struct SequenceParityTests {
    private static let tolerance = 1e-5
    private static let gradientTolerance = 1e-4
    private static let lossTolerance = 1e-4

    /// A case with its model and its batch.
    private struct Opened {
        let model: LanguageModel
        let input: SequenceProbeInput
        let expected: SafetensorsFile

        init(_ parityCase: ParityCase) throws {
            let path = parityCase.folder + "/expected.safetensors"
            expected = try SafetensorsFile(path: path)
            model = try LanguageModel.load(
                parityCase.folder + "/model", for: ModelPurpose(task: try SequenceProbeInput.task(of: path)),
                engine: Engine(threads: 2))
            input = try SequenceProbeInput(path: path, model: model)
        }

        func floats(_ name: String) throws -> [Float] { try #require(expected.tensors[name]).floats() }
    }

    @Test("the fixtures are there")
    func fixtures() {
        #expect(ParityCase.committedSequences.count == 1)
    }

    @Test("committed cases: logits, gradients and ten training steps", arguments: ParityCase.committedSequences)
    func committed(_ parityCase: ParityCase) throws {
        try check(parityCase)
    }

    @Test(
        "further cases, when ../shared/fixtures/families is there",
        .enabled(if: !ParityCase.sharedSequences.isEmpty, "no ../shared/fixtures/families beside the repository"),
        arguments: ParityCase.sharedSequences)
    func shared(_ parityCase: ParityCase) throws {
        try check(parityCase)
    }

    @Test("the gradient of every weight of the model", arguments: ParityCase.committedSequences)
    func fullGradients(_ parityCase: ParityCase) throws {
        let opened = try Opened(parityCase)
        let set = ParameterSet(opened.model.makeAllTrainable(), memory: opened.model.engine.memory)
        let names = Set(opened.expected.tensors.keys.filter { $0.hasPrefix("full.") }.map { String($0.dropFirst(5)) })
        #expect(names == Set(set.parameters.map(\.name)))
        for gradient in Probe(opened.input, model: opened.model, trainable: set).gradients {
            let reference = try opened.floats("full." + gradient.name)
            let error = normwiseError(gradient.values, reference)
            // The bias of the keys shifts all scores of a query alike: its gradient is rounding noise.
            #expect(
                error < Self.gradientTolerance || reference.allSatisfy { abs($0) < 1e-6 }, "\(gradient.name): \(error)")
        }
    }

    @Test(
        "recomputed blocks and several micro-batches layer-major leave the bits of single ones",
        arguments: ParityCase.committedSequences)
    func recompute(_ parityCase: ParityCase) throws {
        let opened = try Opened(parityCase)
        let set = try opened.model.loadAdapter(parityCase.folder + "/adapter-init")
        func gradients(_ count: Int, _ recompute: GradientPass.Recompute, together: Bool) throws -> [UInt32] {
            set.gradients.fill(0)
            let pass = GradientPass(model: opened.model, objective: opened.input.objective, recompute: recompute)
            let batches = [Batch](repeating: opened.input.batch, count: together ? count : 1)
            for _ in 0..<(together ? 1 : count) { _ = try pass.run(batches, select: { _ in }) }
            return set.gradients.elements().map(\.bitPattern)
        }
        let plain = try gradients(1, .none, together: false)
        #expect(plain.contains { $0 != 0 })
        #expect(try gradients(1, .blocks, together: false) == plain)
        #expect(try gradients(2, .blocks, together: true) == gradients(2, .none, together: false))
    }

    private func check(_ parityCase: ParityCase) throws {
        let opened = try Opened(parityCase)
        let (model, input) = (opened.model, opened.input)
        let numbers = try JSONDocument.read(path: parityCase.folder + "/expected.json")
        let base = Probe(input, model: model)
        #expect(normwiseError(base.logits.elements(), try opened.floats("base_logits")) < Self.tolerance)
        #expect(abs(base.loss - (try numbers.requireDouble("base_loss"))) < Self.lossTolerance)

        let set = try model.loadAdapter(parityCase.folder + "/adapter-init")
        let probe = Probe(input, model: model, trainable: set)
        #expect(normwiseError(probe.logits.elements(), try opened.floats("lora_logits")) < Self.tolerance)
        #expect(opened.expected.tensors.keys.filter { $0.hasPrefix("grad.") }.count == set.parameters.count)
        for gradient in probe.gradients {
            let reference = try opened.floats("grad." + gradient.name)
            #expect(normwiseError(gradient.values, reference) < Self.gradientTolerance, "\(gradient.name)")
        }

        let train = try numbers.require("train")
        let optimizer = AdamW(
            set, beta1: try train.requireDouble("beta1"), beta2: try train.requireDouble("beta2"),
            epsilon: try train.requireDouble("eps"), weightDecay: try train.requireDouble("weight_decay"),
            engine: model.engine)
        for (step, reference) in try train.require("losses").elements().enumerated() {
            set.gradients.fill(0)
            let loss = GradientPass(model: model, objective: input.objective).run(input.batch)
            #expect(abs(loss.sum / loss.weight - (try reference.double())) < Self.lossTolerance, "step \(step)")
            optimizer.step(learningRate: try train.requireDouble("lr"), gradientScale: 1 / loss.weight)
        }
    }
}
