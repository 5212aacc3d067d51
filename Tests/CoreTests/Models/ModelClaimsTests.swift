import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// What a model's configuration claims, and what its files hold.
@Suite("What models' files claim")
struct ModelClaimsTests {
    private static let fixture = ParityCase.root + "/Tests/Fixtures/parity/"
    private let engine = Engine(threads: 1)

    /// The fixture's model with changed configuration values and tensors.
    private func folder(
        _ name: String = "llama-gqa", _ values: [String: Any] = [:],
        tensors change: (inout [String: (shape: [Int], values: [Float])]) -> Void = { _ in }
    ) throws -> TinyFolder {
        let (folder, source) = (try TinyFolder(), Self.fixture + name + "/model")
        let data = try Data(contentsOf: URL(fileURLWithPath: source + "/config.json"))
        var json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for (key, value) in values { json[key] = value }
        try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: folder.path + "/config.json"))
        var tensors: [String: (shape: [Int], values: [Float])] = [:]
        for (name, tensor) in try SafetensorsFile(path: source + "/model.safetensors").tensors {
            tensors[name] = (tensor.shape, try tensor.floats())
        }
        change(&tensors)
        var writer = SafetensorsWriter()
        for (name, tensor) in tensors { writer.append(name, shape: tensor.shape, .float32(tensor.values)) }
        try writer.write(to: folder.path + "/model.safetensors")
        return folder
    }

    private func load(_ folder: TinyFolder) throws -> LanguageModel {
        try LanguageModel.load(folder.path, engine: engine)
    }

    private func message(_ folder: TinyFolder) -> String {
        do {
            _ = try load(folder)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "a whole number that no model has is refused by its key",
        arguments: [
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "head_dim", "vocab_size", "max_position_embeddings",
        ], [-1, 0, 1 << 62, Int.max])
    func wholeNumbers(key: String, value: Int) throws {
        #expect(message(try folder([key: value])).contains("\(key) is \(value), expected a number in 1..."))
    }

    private func folder(_ values: [String: Any]) throws -> TinyFolder { try folder("llama-gqa", values) }

    @Test(
        "GPT-2's keys and Mistral's window have the same bounds",
        arguments: [
            ("gpt2", "n_embd", 1 << 62), ("gpt2", "n_embd", -24), ("gpt2", "n_inner", 1 << 62),
            ("gpt2", "n_positions", -1), ("gpt2", "n_positions", Int.max), ("gpt2", "n_layer", 16_000_000),
            ("mistral-window", "sliding_window", Int.max), ("mistral-window", "sliding_window", 0),
        ])
    func otherKeys(name: String, key: String, value: Int) throws {
        #expect(message(try folder(name, [key: value])).contains("\(key) is \(value), expected a number in 1..."))
    }

    @Test(
        "an epsilon or a rotary number that cannot be meant is refused",
        arguments: [("rms_norm_eps", 1e39), ("rms_norm_eps", -1e-5), ("rms_norm_eps", 2)] as [(String, Double)])
    func epsilons(key: String, value: Double) throws {
        #expect(message(try folder([key: value])).contains("the norm's epsilon is"))
        let base: [String: Any] = ["rope_theta": 0.0, "rope_type": "default"]
        #expect(message(try folder(["rope_parameters": base])).contains("the rotary base is 0"))
        let factor: [String: Any] = ["rope_type": "linear", "factor": 1e-300]
        #expect(message(try folder(["rope_parameters": factor])).contains("the rotary scaling"))
    }

    @Test(
        "weights that another program quantised are refused by its name",
        arguments: [
            (["quant_method": "gptq"] as [String: any Sendable], "gptq"),
            (["load_in_4bit": true], "bitsandbytes, 4 bits"),
            (["quant_method": "fp8"], "fp8"),
        ])
    func quantised(section: [String: any Sendable], name: String) throws {
        let found = message(try folder(["quantization_config": section]))
        #expect(found.contains("quantised by \(name)") && found.contains(".gguf"), "\(found)")
        #expect(message(try folder(["quantization_config": NSNull()])) == "accepted")
    }

    @Test("fewer layers than the files hold are refused with a tensor that would be left out")
    func layers() throws {
        let found = message(try folder(["num_hidden_layers": 1]))
        #expect(found.contains("the number of layers is 1") && found.contains("model.layers.1."), "\(found)")
        // As what reads the configuration alone says, where the weights lie beside it.
        let model = try folder(["num_hidden_layers": 1])
        for path in [model.path, model.path + "/config.json"] {
            let error = #expect(throws: ModelError.self) { try ModelFamily.configuration(at: path) }
            let parts = try #require(error).description.components(separatedBy: "config.json")
            #expect(parts.last == found.components(separatedBy: "config.json").last)
        }
        try FileManager.default.removeItem(atPath: model.path + "/model.safetensors")
        #expect(try ModelFamily.configuration(at: model.path).layerCount == 1)
    }

    @Test("a head of its own beside a tied one is used with a note; the same numbers again are the embedding's")
    func head() throws {
        let table = "model.embed_tokens.weight"
        let equal = try load(try folder { $0["lm_head.weight"] = $0[table] })
        #expect(equal.configuration.tiesEmbeddings && equal.notes.isEmpty)
        let other = try folder { tensors in
            tensors["lm_head.weight"] = tensors[table]
            tensors["lm_head.weight"]?.values[3] += 1
        }
        let untied = try load(other)
        #expect(!untied.configuration.tiesEmbeddings)
        #expect(untied.notes.count == 1 && untied.notes[0].contains("tie_word_embeddings is true"), "\(untied.notes)")
        _ = try MergedModel.write(untied, source: other.path, to: other.path + "/merged")
        #expect(
            try JSONDocument.read(path: other.path + "/merged/config.json").optionalBool("tie_word_embeddings") == false
        )
    }

    @Test("a model that is overwritten is noticed, and no export is left of it")
    func overwritten() throws {
        let folder = try folder([:])
        let model = try load(folder)
        try model.requireUnchangedFiles()
        let handle = try #require(FileHandle(forWritingAtPath: folder.path + "/model.safetensors"))
        try handle.seek(toOffset: 4000)
        try handle.write(contentsOf: Data([1, 2, 3, 4]))
        try handle.close()
        #expect(throws: FileError.self) { try model.requireUnchangedFiles() }
        let error = #expect(throws: FileError.self) {
            try MergedModel.write(model, source: folder.path, to: folder.path + "/merged")
        }
        #expect(error?.description.contains("start again") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/merged"))
    }

    @Test("tensors that nobody reads are named once, those that every program computes itself are not")
    func unread() throws {
        let model = try load(
            try folder { tensors in
                tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = ([3], [1, 2, 3])
                tensors["extra.a"] = ([1], [1])
                tensors["extra.b"] = ([1], [Float.nan])
            })
        #expect(model.notes.count == 1)
        #expect(
            model.notes.first?.hasSuffix(
                "holds 2 tensors that llama models do not have and that nothing reads: extra.a, extra.b") == true)
    }

    @Test("a tensor of a type that is not read matters only where it is needed")
    func unreadableType() throws {
        func retyped(_ name: String) throws -> TinyFolder {
            let folder = try folder { $0["extra.scale"] = ([1], [1]) }
            let path = folder.path + "/model.safetensors"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let text = try #require("\"\(name)\":{\"dtype\":\"F32\"".data(using: .utf8))
            let range = try #require(bytes.range(of: text))
            bytes.replaceSubrange(range, with: try #require("\"\(name)\":{\"dtype\":\"F99\"".data(using: .utf8)))
            try bytes.write(to: URL(fileURLWithPath: path))
            return folder
        }
        #expect(try load(try retyped("extra.scale")).notes.first?.contains("extra.scale") == true)
        let found = message(try retyped("model.norm.weight"))
        #expect(found.contains("model.norm.weight") && found.contains("F99"), "\(found)")
    }

    @Test(
        "numbers of the base that are not finite are refused by the tensor's name",
        arguments: ["model.embed_tokens.weight", "model.layers.1.mlp.up_proj.weight", "model.norm.weight"])
    func notFinite(name: String) throws {
        for value in [Float.nan, -.infinity] {
            let folder = try folder { $0[name]?.values[7] = value }
            let path = folder.path + "/model.safetensors"
            #expect(throws: FileError.notFinite(path: path, tensor: name)) { try load(folder) }
        }
    }
}
