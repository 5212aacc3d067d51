import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Testing

@Suite("Probe of pairs")
struct PreferenceProbeTests {
    private let engine = Engine(threads: 1)

    @Test("there is a case of preference optimisation")
    func fixtures() { #expect(!ParityCase.preferences.isEmpty) }

    @Test(
        "log-probabilities, losses, gradients and ten steps are those of transformers and PEFT",
        arguments: ParityCase.preferences)
    func parity(_ parityCase: ParityCase) throws {
        let folder = parityCase.folder
        let path = folder + "/expected.safetensors"
        let model = try LanguageModel.load(folder + "/model", engine: engine)
        let set = try model.loadAdapter(folder + "/adapter-init")
        let input = try PreferenceProbeInput(path: path, vocabularySize: model.configuration.vocabularySize)
        let probe = try PreferenceProbe(input, model: model, trainable: set)
        let files = try TinyFolder()
        try probe.write(to: files.path + "/found.safetensors")
        let found = try SafetensorsFile(path: files.path + "/found.safetensors").tensors
        let expected = try SafetensorsFile(path: path).tensors
        let names = expected.keys.filter { $0.hasPrefix("grad.") || $0.hasSuffix("logps") } + ["losses"]
        #expect(Set(names + ["loss"]) == Set(found.keys))
        for name in names {
            let (found, expected) = (try #require(found[name]), try #require(expected[name]))
            #expect(found.shape == expected.shape)
            #expect(normwiseError(try found.floats(), try expected.floats()) < 1e-5, "\(name)")
        }

        let train = try JSONDocument.read(path: folder + "/expected.json").require("train")
        let optimizer = AdamW(
            set, beta1: try train.requireDouble("beta1"), beta2: try train.requireDouble("beta2"),
            epsilon: try train.requireDouble("eps"), weightDecay: try train.requireDouble("weight_decay"),
            engine: engine)
        let pass = GradientPass(model: model, objective: DirectPreference())
        for (step, reference) in try train.require("losses").elements().enumerated() {
            set.gradients.fill(0)
            let loss = pass.run(input.batch)
            #expect(abs(loss.sum / loss.weight - (try reference.double())) < 2e-5, "step \(step)")
            optimizer.step(learningRate: try train.requireDouble("lr"), gradientScale: 1 / loss.weight)
        }
    }

    /// Two pairs; `change` damages them.
    private func file(
        _ folder: TinyFolder, _ change: (inout [String: (shape: [Int], values: [Int64])]) -> Void
    ) throws -> String {
        var tensors: [String: (shape: [Int], values: [Int64])] = [:]
        for side in ["chosen_", "rejected_"] {
            tensors[side + "input_ids"] = ([2, 3], [5, 6, 7, 8, 9, 0])
            tensors[side + "labels"] = ([2, 3], [-100, 6, 7, -100, 9, -100])
            tensors[side + "attention_mask"] = ([2, 3], [1, 1, 1, 1, 1, 0])
            tensors[side + "lengths"] = ([2], [3, 2])
        }
        change(&tensors)
        var writer = SafetensorsWriter()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            writer.append(name, shape: tensor.shape, .int64(tensor.values))
        }
        try writer.write(to: folder.path + "/pairs.safetensors")
        return folder.path + "/pairs.safetensors"
    }

    @Test("rows are cut to their lengths, and a pair's answers follow each other")
    func rows() throws {
        let folder = try TinyFolder()
        let path = try file(folder) { _ in }
        #expect(try PreferenceProbeInput.isHeld(by: path))
        let input = try PreferenceProbeInput(path: path, vocabularySize: 13)
        #expect(input.batch.inputIds == [5, 6, 5, 6, 8, 8])
        #expect(input.batch.targets == [6, 7, 6, 7, 9, 9])
        #expect(input.batch.layout.segmentStarts == [0, 2, 4, 5, 6])
        #expect(input.batch.exampleIndices == [0, 0, 1, 1])
        #expect(input.length == 3)
    }

    @Test("what is no pair is refused")
    func damage() throws {
        let folder = try TinyFolder()
        func refuses(_ expected: EvaluationError?, _ change: (inout [String: (shape: [Int], values: [Int64])]) -> Void)
            throws
        {
            let path = try file(folder, change)
            #expect(throws: (any Error).self) { try PreferenceProbeInput(path: path, vocabularySize: 13) }
            guard let expected else { return }
            #expect(throws: expected) { try PreferenceProbeInput(path: path, vocabularySize: 13) }
        }
        let path = folder.path + "/pairs.safetensors"
        func unpadded(_ row: Int) -> EvaluationError { .notRightPadded(path: path, side: "chosen_", row: row) }
        try refuses(unpadded(0)) { $0["chosen_attention_mask"]?.values[0] = 0 }
        try refuses(unpadded(1)) { $0["chosen_lengths"]?.values[1] = 3 }
        try refuses(unpadded(1)) { $0["chosen_lengths"]?.values[1] = .max }
        try refuses(unpadded(0)) { $0["chosen_lengths"]?.values[0] = -1 }
        try refuses(.nothingSupervised(path: path)) { $0["rejected_labels"]?.values[4] = -100 }
        try refuses(.labelOutOfRange(path: path, label: 13, vocabularySize: 13)) { $0["chosen_labels"]?.values[1] = 13 }
        try refuses(nil) { $0["chosen_input_ids"]?.values[0] = 13 }
        try refuses(nil) { $0["rejected_lengths"] = nil }
        try refuses(nil) { $0["rejected_labels"]?.shape = [3, 2] }
        try refuses(.notPairs(path: path, chosen: 1, rejected: 2)) {
            for (name, tensor) in $0 where name.hasPrefix("chosen_") {
                let shape = [1] + tensor.shape.dropFirst()
                $0[name] = (shape, Array(tensor.values.prefix(shape.reduce(1, *))))
            }
        }
    }
}
