import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("PEFT adapter files")
struct PEFTFilesTests {
    private static let fixture = ParityCase.root + "/Tests/Fixtures/parity/llama-gqa"

    private func model() throws -> LanguageModel {
        try LanguageModel.load(Self.fixture + "/model", engine: Engine(threads: 1))
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// A copy of the fixture's adapter with changed configuration values.
    private func adapter(changing values: [String: Any] = [:]) throws -> TinyFolder {
        let folder = try TinyFolder()
        let source = try bytes(Self.fixture + "/adapter-init/" + PEFT.configurationFile)
        var json = try #require(try JSONSerialization.jsonObject(with: source) as? [String: Any])
        for (key, value) in values { json[key] = value }
        try JSONSerialization.data(withJSONObject: json).write(
            to: URL(fileURLWithPath: folder.path + "/" + PEFT.configurationFile))
        try FileManager.default.copyItem(
            atPath: Self.fixture + "/adapter-init/" + PEFT.weightsFile, toPath: folder.path + "/" + PEFT.weightsFile)
        return folder
    }

    @Test("an adapter that PEFT wrote is written again with the same bytes and values")
    func roundTrip() throws {
        let first = try model()
        let set = try first.loadAdapter(Self.fixture + "/adapter-init")
        let read = try PEFTConfiguration(folder: Self.fixture + "/adapter-init")
        #expect(read.section.rank == 3)
        #expect(read.section.alpha == 6)
        let folder = try TinyFolder()
        try AdapterFiles.content(of: first, baseModel: read.baseModel ?? "").write(to: folder.path)
        #expect(
            try bytes(folder.path + "/" + PEFT.weightsFile)
                == bytes(Self.fixture + "/adapter-init/" + PEFT.weightsFile))
        // Written are the modules' names in the place of the layers' paths.
        var section = try PEFTConfiguration(folder: folder.path).section
        section.targets = read.section.targets
        #expect(section == read.section)

        let other = try model()
        let again = try other.loadAdapter(folder.path)
        #expect(again.values.elements() == set.values.elements())
        let second = try TinyFolder()
        try AdapterFiles.content(of: other, baseModel: read.baseModel ?? "").write(to: second.path)
        for file in [PEFT.weightsFile, PEFT.configurationFile] {
            #expect(try bytes(folder.path + "/" + file) == bytes(second.path + "/" + file))
        }
    }

    @Test("the configuration names modules, or paths when only some layers of a name are adapted")
    func targetsInConfiguration() throws {
        func targets(_ section: AdapterSection) throws -> AdapterSection.Targets {
            let model = try model()
            _ = try TinyModel.attach(section, to: model)
            return try AdapterFiles.content(of: model, baseModel: "m").configuration.section.targets
        }
        #expect(
            try targets(TinyModel.lora(targets: .names(["v_proj", "q_proj"]))) == .names(["q_proj", "v_proj"]))
        #expect(
            try targets(TinyModel.lora(targets: .pattern(#".*\.1\.mlp\.up_proj"#)))
                == .names(["model.layers.1.mlp.up_proj"]))
    }

    @Test("rank, alpha, dropout and rsLoRA survive the configuration file", arguments: [(8, 16.0), (4, 0.5)])
    func configurationRoundTrip(rank: Int, alpha: Double) throws {
        let section = TinyModel.lora(
            rank: rank, alpha: alpha, dropout: 0.125, targets: .names(["k_proj", "q_proj"]),
            options: ["rs-lora": .boolean(true)])
        let model = try model()
        _ = try TinyModel.attach(section, to: model)
        let written = try AdapterFiles.content(of: model, baseModel: "models/x").configuration
        let folder = try TinyFolder()
        try written.json.write(to: folder.path + "/" + PEFT.configurationFile)
        let read = try PEFTConfiguration(folder: folder.path)
        #expect(read == written)
        #expect(read.section.option("rs-lora") == .boolean(true))
        #expect(read.section.dropout == 0.125)
    }

    @Test("an adapter to start from must have been made with the options that decide what it computes")
    func sameMeaning() throws {
        let folder = Self.fixture + "/adapter-init"
        let read = try PEFTConfiguration(folder: folder)
        var section = read.section
        section.dropout = 0.25
        #expect(throws: Never.self) { try read.requireSameMeaning(as: section, folder: folder) }
        section.alpha = 7
        #expect {
            try read.requireSameMeaning(as: section, folder: folder)
        } throws: {
            "\($0)".contains("the adapter has rank 3, alpha 6.0, rs-lora false, the configuration rank 3, alpha 7.0")
        }
    }

    static let refused: [(key: String, value: any Sendable)] = [
        ("peft_type", "PROMPT_TUNING"), ("lora_bias", true), ("fan_in_fan_out", true), ("use_qalora", true),
        ("bias", "all"),
        ("modules_to_save", ["lm_head"]), ("layer_replication", [[0, 2]]), ("target_parameters", ["x"]),
        ("trainable_token_indices", [1]), ("layers_to_transform", [0]), ("exclude_modules", ["q_proj"]),
        ("init_lora_weights", "pissa"), ("alora_invocation_tokens", [1, 2]),
    ]

    @Test("options that change the result and are not implemented are refused by name", arguments: refused.indices)
    func refusesUnsupported(index: Int) throws {
        let (key, value) = Self.refused[index]
        let folder = try adapter(changing: [key: value])
        let error = #expect(throws: AdapterError.self) { try PEFTConfiguration(folder: folder.path) }
        guard case .unsupported(let path, let found, _, _)? = error else {
            Issue.record("\(key): another error: \(String(describing: error))")
            return
        }
        #expect(path == folder.path + "/" + PEFT.configurationFile)
        #expect(found == key)
    }

    @Test("the exact error of an unsupported option")
    func exactError() throws {
        let folder = try adapter(changing: ["use_qalora": true])
        let path = folder.path + "/" + PEFT.configurationFile
        let expected = AdapterError.unsupported(path: path, key: "use_qalora", found: "true", supported: "false")
        #expect(throws: expected) { try model().loadAdapter(folder.path) }
        #expect(expected.description == "\(path): use_qalora is true, which is not supported; expected false.")
    }

    @Test("options that say nothing are accepted")
    func acceptsNeutral() throws {
        let folder = try adapter(changing: [
            "init_lora_weights": "gaussian", "layers_to_transform": NSNull(), "lora_dropout": 0.05, "bias": "none",
        ])
        #expect(try PEFTConfiguration(folder: folder.path).section.dropout == 0.05)
    }

    @Test("missing, extra and wrongly shaped tensors are refused by name")
    func wrongTensors() throws {
        let source = try SafetensorsFile(path: Self.fixture + "/adapter-init/" + PEFT.weightsFile)
        let name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
        func load(_ change: (inout SafetensorsWriter, StoredTensor) -> Void) throws -> (TinyFolder, AdapterError?) {
            let folder = try adapter()
            var writer = SafetensorsWriter()
            for (key, tensor) in source.tensors {
                if key == name {
                    change(&writer, tensor)
                } else {
                    writer.append(key, shape: tensor.shape, .stored(tensor))
                }
            }
            try writer.write(to: folder.path + "/" + PEFT.weightsFile)
            return (folder, #expect(throws: AdapterError.self) { try model().loadAdapter(folder.path) })
        }
        func expectMismatch(_ result: (TinyFolder, AdapterError?), _ reason: String) {
            let path = result.0.path + "/" + PEFT.weightsFile
            #expect(result.1 == .mismatch(path: path, reason: reason))
        }
        expectMismatch(try load { _, _ in }, "tensor \(name) is missing")
        expectMismatch(
            try load { writer, tensor in
                writer.append(name, shape: tensor.shape, .stored(tensor))
                writer.append("base_model.model.lm_head.lora_A.weight", shape: [1, 2], .float32([1, 2]))
            }, "tensor base_model.model.lm_head.lora_A.weight belongs to no adapted layer of this model")
        expectMismatch(
            try load { writer, _ in writer.append(name, shape: [3, 40], .float32(tinyNormal(120, seed: 1))) },
            "tensor \(name) has shape [3, 40], expected [40, 3]")
    }

    @Test("a refused adapter leaves the model as it was")
    func refusalLeavesModel() throws {
        let folder = try adapter()
        try FileManager.default.removeItem(atPath: folder.path + "/" + PEFT.weightsFile)
        let model = try model()
        #expect(throws: FileError.missing(path: folder.path + "/" + PEFT.weightsFile)) {
            try model.loadAdapter(folder.path)
        }
        #expect(model.adaptedLinears.isEmpty)
    }
}
