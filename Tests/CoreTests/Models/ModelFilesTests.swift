import CatenaEngine
import CatenaFiles
import CatenaLearning
import CatenaModels
import Foundation
import Testing

@Suite("Model files")
struct ModelFilesTests {
    private static let fixtures = ParityCase.root + "/Tests/Fixtures/parity/"

    private func logits(_ model: LanguageModel) -> [Float] {
        let batch = TinyBatch(lengths: [9, 4], vocabulary: 56)
        return model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    /// The fixture's folder with changed configuration values; nil removes a key.
    private func folder(_ name: String, changing values: [String: (any Sendable)?]) throws -> TinyFolder {
        let folder = try TinyFolder()
        let source = URL(fileURLWithPath: Self.fixtures + name + "/model/config.json")
        var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: source)) as? [String: Any])
        for (key, value) in values { json[key] = value }
        try JSONSerialization.data(withJSONObject: json).write(
            to: URL(fileURLWithPath: folder.path + "/config.json"))
        try FileManager.default.copyItem(
            atPath: Self.fixtures + name + "/model/model.safetensors", toPath: folder.path + "/model.safetensors")
        return folder
    }

    private func load(_ folder: TinyFolder) throws -> LanguageModel {
        try LanguageModel.load(folder.path, engine: Engine(threads: 1))
    }

    private func message(_ name: String = "llama-gqa", changing values: [String: (any Sendable)?]) throws -> String {
        let folder = try folder(name, changing: values)
        do {
            _ = try load(folder)
            return "no error"
        } catch {
            return "\(error)".replacingOccurrences(of: folder.path, with: "M")
        }
    }

    @Test(
        "a missing key is named",
        arguments: [
            "hidden_size", "num_attention_heads", "intermediate_size", "num_hidden_layers", "vocab_size",
        ])
    func missingKey(key: String) throws {
        #expect(
            try message(changing: [key: nil])
                == "M/config.json: \(key) is missing; correct the file or download the model again.")
    }

    @Test("a missing model type is named")
    func missingModelType() throws {
        #expect(try message(changing: ["model_type": nil]).hasPrefix("M/config.json lacks the key \"model_type\""))
    }

    @Test("an unknown model type is refused with the known ones")
    func unknownFamily() throws {
        let folder = try folder("llama-gqa", changing: ["model_type": "mamba"])
        let expected = ModelError.unsupportedFamily(
            path: folder.path + "/config.json", found: "mamba",
            known: [
                "llama", "mistral", "qwen2", "qwen3", "gemma2", "opt", "gpt2", "bert", "convnet", "resnet", "preresnet",
            ])
        #expect(throws: expected) { try load(folder) }
    }

    static let invalid: [(change: [String: any Sendable], part: String)] = [
        (
            ["num_attention_heads": 4, "num_key_value_heads": 3],
            "4 attention heads are not a multiple of 3 key-value heads"
        ),
        (["num_key_value_heads": 0], "num_key_value_heads is 0"),
        (["num_attention_heads": 0], "num_attention_heads is 0"),
        (["hidden_size": -24], "hidden_size is -24"),
        (["num_hidden_layers": 0], "num_hidden_layers is 0"),
        (["head_dim": 5], "even head dimension, not 5"),
        (["rms_norm_eps": 0], "epsilon is 0"),
        (["hidden_size": "24"], "\"hidden_size\" must be a whole number"),
        (["hidden_act": "gelu"], "hidden_act is \"gelu\", expected silu"),
        (
            ["rope_parameters": ["rope_type": "yarn", "factor": 4.0] as [String: any Sendable]],
            "rotary scaling is \"yarn\""
        ),
        (["rope_parameters": ["rope_type": "linear"]], "lacks the key \"rope_parameters.factor\""),
        (
            ["rope_parameters": ["rope_type": "linear", "factor": 0] as [String: any Sendable]],
            "needs positive factors"
        ),
        (
            ["rope_parameters": ["rope_theta": 10000.0, "partial_rotary_factor": 0.5]],
            "partial_rotary_factor is \"0.5\""
        ),
        (["rope_parameters": ["rope_theta": -1.0]], "rotary base is -1"),
        (["num_hidden_layers": 3], "model.layers.2.input_layernorm.weight"),
        (["tie_word_embeddings": false], "lm_head.weight"),
    ]

    @Test("a value that is wrong is named with what was expected", arguments: invalid.indices)
    func invalidValue(index: Int) throws {
        let (change, part) = Self.invalid[index]
        let found = try message(changing: change)
        #expect(found.contains(part), "\(found)")
        #expect(found.hasPrefix("M"))
    }

    @Test("a sliding window that Qwen switches on is refused")
    func qwenWindow() throws {
        let found = try message("qwen2", changing: ["use_sliding_window": true])
        #expect(found.contains("use_sliding_window is \"true\", expected false"))
    }

    @Test("Mistral's window: null is none, no key is the class's 4096")
    func mistralWindow() throws {
        func window(_ change: [String: (any Sendable)?]) throws -> Int? {
            try load(try folder("mistral-window", changing: change)).configuration.slidingWindow
        }
        #expect(try window([:]) == 5)
        #expect(try window(["sliding_window": NSNull()]) == nil)
        #expect(try window(["sliding_window": nil]) == 4096)
    }

    @Test("a weight of another shape is named with both shapes")
    func weightShape() throws {
        let folder = try folder("llama-gqa", changing: ["intermediate_size": 41])
        let expected = ModelError.weightShape(
            path: folder.path, name: "model.layers.0.mlp.gate_proj.weight", expected: [41, 24], found: [40, 24])
        #expect(throws: expected) { try load(folder) }
        #expect(expected.description.contains("has shape [40, 24], expected [41, 24]"))
    }

    @Test("old spellings of the rotary settings mean the same as the new ones")
    func rotarySpellings() throws {
        let new = try load(
            folder(
                "llama-gqa",
                changing: [
                    "rope_parameters": ["rope_type": "linear", "factor": 2.0, "rope_theta": 500.0]
                        as [String: any Sendable]
                ]))
        let old = try load(
            folder(
                "llama-gqa",
                changing: [
                    "rope_parameters": nil, "rope_theta": 500.0,
                    "rope_scaling": ["type": "linear", "factor": 2.0] as [String: any Sendable],
                ]))
        #expect(new.configuration == old.configuration)
        #expect(new.configuration.rotaryScaling == .linear(factor: 2))
        #expect(new.configuration.rotaryBase == 500)
    }

    @Test("weights in bfloat16 and float16 are the rounded weights", arguments: [TensorEncoding.bfloat16, .float16])
    func narrowWeights(encoding: TensorEncoding) throws {
        let folder = try folder("qwen3", changing: [:])
        let source = try SafetensorsFile(path: Self.fixtures + "qwen3/model/model.safetensors")
        var (narrow, rounded) = (SafetensorsWriter(), SafetensorsWriter())
        for (name, tensor) in source.tensors {
            let values = try tensor.floats()
            let exact: [Float]
            switch encoding {
            case .float16:
                narrow.append(name, shape: tensor.shape, .bytes(.float16, NarrowFloats.float16Bytes(values)))
                exact = values.map { Float(Float16($0)) }
            default:
                // Truncation instead of rounding: any bfloat16 number serves the comparison.
                let bits = values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
                narrow.append(name, shape: tensor.shape, .bytes(.bfloat16, bits.withUnsafeBytes { Array($0) }))
                exact = bits.map { Float(bitPattern: UInt32($0) << 16) }
            }
            rounded.append(name, shape: tensor.shape, .float32(exact))
        }
        try narrow.write(to: folder.path + "/model.safetensors")
        let found = logits(try load(folder))
        try rounded.write(to: folder.path + "/model.safetensors")
        #expect(found == logits(try load(folder)))
    }

    @Test("every parameter name of a model is a tensor of its files", arguments: ParityCase.committed)
    func names(_ parityCase: ParityCase) throws {
        let model = try LanguageModel.load(parityCase.folder + "/model", engine: Engine(threads: 1))
        let file = try SafetensorsFile(path: parityCase.folder + "/model/model.safetensors")
        var found: [String: [Int]] = [:]
        model.namedWeights { name, shape, _ in found[name] = shape }
        #expect(found == file.tensors.mapValues(\.shape))
    }

    @Test("a token table that lacks rows for an id is refused before it is looked up")
    func requireToken() throws {
        let model = try LanguageModel.load(Self.fixtures + "qwen2/model", engine: Engine(threads: 1))
        #expect(throws: ModelError.tokenOutOfRange(id: 56, vocabularySize: 56)) { try model.requireToken(56) }
        #expect(throws: Never.self) { try model.requireToken(55) }
    }
}
