import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// A folder that Tests/Reference/parity_cases.py made with transformers and PEFT.
struct ParityCase: CustomTestStringConvertible, Sendable {
    let folder: String
    var testDescription: String { URL(fileURLWithPath: folder).lastPathComponent }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    static let committed = cases(in: root + "/Tests/Fixtures/parity").filter { $0.kind == nil }
    static let shared =
        cases(in: root + "/../shared/fixtures/parity")
        + cases(in: root + "/../shared/fixtures/families").filter { $0.isKnown("decoder") }
    static let committedSequences = cases(in: root + "/Tests/Fixtures/parity").filter { $0.isKnown("sequences") }
    static let sharedSequences = cases(in: root + "/../shared/fixtures/families").filter { $0.isKnown("encoder") }

    /// Cases of preference optimisation; seed 0 of the oracle where it is there.
    static let preferences =
        (cases(in: root + "/Tests/Fixtures/parity") + cases(in: root + "/../shared/fixtures/families")).filter {
            $0.kind == "dpo"
        }

    /// What is learned; nil for the next token of a decoder.
    private var kind: String? {
        try? JSONDocument.read(path: folder + "/expected.json").optionalString("kind")
    }

    /// Whether it is of this kind and of a family that Catena knows.
    private func isKnown(_ kind: String) -> Bool {
        self.kind == kind && (try? ModelFamily.configuration(at: folder + "/model")) != nil
    }

    private static func cases(in folder: String) -> [ParityCase] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map {
            ParityCase(folder: folder + "/" + $0)
        }
    }

    func batch(_ expected: SafetensorsFile) throws -> TinyBatch {
        let ids = try #require(expected.tensors["input_ids"])
        let labels = try #require(expected.tensors["labels"]).integers()
        let (count, length) = (ids.shape[0], ids.shape[1])
        var batch = TinyBatch(lengths: [Int](repeating: length, count: count), vocabulary: 1)
        batch.ids = try ids.integers().map { Int32($0) }
        batch.targets = labels.indices.map { ($0 + 1) % length == 0 ? -100 : Int32(labels[$0 + 1]) }
        return batch
    }
}

/// Agreement with transformers and PEFT. Both sides compute in float32 in different orders, which is
/// worth about 10⁻⁶; the bounds are those that a user may rely on.
@Suite("Parity with transformers and PEFT")
struct ModelParityTests {
    private static let logitTolerance = 1e-5
    private static let gradientTolerance = 1e-4
    private static let lossTolerance = 1e-4

    @Test("the fixtures are there")
    func fixtures() {
        #expect(ParityCase.committed.count >= 4)
    }

    @Test("committed cases: logits, gradients and ten training steps", arguments: ParityCase.committed)
    func committed(_ parityCase: ParityCase) throws {
        try check(parityCase)
    }

    @Test(
        "further cases, when ../shared/fixtures/parity is there",
        .enabled(if: !ParityCase.shared.isEmpty, "no ../shared/fixtures/parity beside the repository"),
        arguments: ParityCase.shared)
    func shared(_ parityCase: ParityCase) throws {
        try check(parityCase)
    }

    @Test("the gradient of every weight of the model", arguments: ParityCase.committed)
    func fullGradients(_ parityCase: ParityCase) throws {
        let model = try LanguageModel.load(parityCase.folder + "/model", engine: Engine(threads: 2))
        let expected = try SafetensorsFile(path: parityCase.folder + "/expected.safetensors")
        let set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        let loss = try parityCase.batch(expected).run(model)
        let names = Set(expected.tensors.keys.filter { $0.hasPrefix("full.") }.map { String($0.dropFirst(5)) })
        #expect(names == Set(set.parameters.map(\.name)))
        for (index, parameter) in set.parameters.enumerated() {
            let reference = try #require(expected.tensors["full." + parameter.name]).floats()
            let found = set.gradient(of: index).elements().map { $0 / Float(loss.weight) }
            let error = normwiseError(found, reference)
            #expect(error < Self.gradientTolerance || isNegligible(reference), "\(parameter.name): \(error)")
        }
    }

    /// The bias of the keys shifts all scores of a query alike: its gradient is rounding noise without rotation.
    private func isNegligible(_ values: [Float]) -> Bool {
        values.allSatisfy { abs($0) < 1e-6 }
    }

    private func check(_ parityCase: ParityCase) throws {
        let folder = parityCase.folder
        let engine = Engine(threads: 2)
        let expected = try SafetensorsFile(path: folder + "/expected.safetensors")
        let numbers = try JSONDocument.read(path: folder + "/expected.json")
        let batch = try parityCase.batch(expected)
        let model = try LanguageModel.load(folder + "/model", engine: engine)

        func logits() -> [Float] {
            model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
        }
        let base = try #require(expected.tensors["base_logits"]).floats()
        #expect(normwiseError(logits(), base) < Self.logitTolerance)
        let set = try model.loadAdapter(folder + "/adapter-init")
        let adapted = try #require(expected.tensors["lora_logits"]).floats()
        #expect(normwiseError(logits(), adapted) < Self.logitTolerance)

        let loss = batch.run(model)
        #expect(abs(loss.sum / loss.weight - (try numbers.require("lora_loss").double())) < Self.lossTolerance)
        #expect(expected.tensors.keys.filter { $0.hasPrefix("grad.") }.count == set.parameters.count)
        for (index, parameter) in set.parameters.enumerated() {
            let reference = try #require(expected.tensors["grad." + parameter.name]).floats()
            let found = set.gradient(of: index).elements().map { $0 / Float(loss.weight) }
            #expect(normwiseError(found, reference) < Self.gradientTolerance, "\(parameter.name)")
        }

        let train = try numbers.require("train")
        let optimizer = AdamW(
            set, beta1: try train.requireDouble("beta1"), beta2: try train.requireDouble("beta2"),
            epsilon: try train.requireDouble("eps"), weightDecay: try train.requireDouble("weight_decay"),
            engine: engine)
        for (step, reference) in try train.require("losses").elements().enumerated() {
            set.gradients.fill(0)
            let loss = batch.run(model)
            #expect(abs(loss.sum / loss.weight - (try reference.double())) < Self.lossTolerance, "step \(step)")
            optimizer.step(learningRate: try train.requireDouble("lr"), gradientScale: 1 / loss.weight)
        }
    }
}
