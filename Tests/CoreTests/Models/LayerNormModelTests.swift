import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// What OPT and GPT-2 have beside the parity cases: gradients, generation, files.
@Suite("OPT and GPT-2")
struct LayerNormModelTests {
    static let names = ["opt", "gpt2"]

    private func path(_ name: String) -> String { ParityCase.root + "/Tests/Fixtures/parity/" + name }

    private func model(_ name: String) throws -> LanguageModel {
        try LanguageModel.load(path(name) + "/model", engine: Engine(threads: 1))
    }

    /// A model of the family that is small enough for finite differences, D = 8, V = 13.
    private func tiny(_ name: String) throws -> LanguageModel {
        let folder = try TinyFolder()
        let file = try folder.write(
            "config.json",
            name == "opt"
                ? """
                {"model_type": "opt", "vocab_size": 13, "hidden_size": 8, "ffn_dim": 12, "num_hidden_layers": 2,
                 "num_attention_heads": 2, "max_position_embeddings": 24}
                """
                : """
                {"model_type": "gpt2", "vocab_size": 13, "n_embd": 8, "n_inner": 12, "n_layer": 2, "n_head": 2,
                 "n_positions": 24, "tie_word_embeddings": false}
                """)
        let engine = Engine(threads: 1)
        return try LanguageModel(
            configuration: try ModelFamily.configuration(of: ModelDescription(configurationFile: file)).configuration,
            weights: TinyWeights(seed: 1, memory: engine.memory), engine: engine)
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        let batch = TinyBatch(lengths: [9, 4], vocabulary: 56)
        return model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    @Test("every weight has the gradient of the loss; GPT-2's matrices in the layout of its files")
    func allTrainable() throws {
        // ReLU's kinks spoil finite differences of OPT, whose gradients the parity cases compare.
        let model = try tiny("gpt2")
        let set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        let batch = TinyBatch(lengths: [5, 1, 6], vocabulary: 13)
        let worst = GradientCheck.worst(set, gradients: { batch.run(model) }) { batch.run(model).sum }
        #expect(worst.error < 5e-3, "\(worst)")
        #expect(set.parameters.first { $0.name == "transformer.h.0.attn.c_attn.weight" }?.shape == [8, 24])
        #expect(set.parameters.contains { $0.name == "transformer.wpe.weight" })
    }

    @Test("recomputing blocks gives the same bits", arguments: names, [false, true])
    func recompute(name: String, full: Bool) throws {
        let model = try tiny(name)
        let set =
            full
            ? ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
            : try TinyModel.attach(TinyModel.lora(dropout: 0.25), to: model)
        let batch = TinyBatch(lengths: [7, 12], vocabulary: 13)
        var results: [[Float]] = []
        for recompute in GradientPass.Recompute.allCases {
            set.gradients.fill(0)
            batch.run(model, recompute: recompute, randomKey: RandomKey(seed: 1, step: 7, microBatch: 3))
            results.append(set.gradients.elements())
        }
        #expect(results[0] == results[1])
        #expect(results[0].contains { $0 != 0 })
    }

    @Test("concatenated sequences have the gradients of the sequences one at a time", arguments: names)
    func packing(name: String) throws {
        let model = try tiny(name)
        let set = try TinyModel.attach(TinyModel.lora(), to: model)
        let batch = TinyBatch(lengths: [9, 1, 4, 17, 2], vocabulary: 13)
        batch.run(model)
        let packed = set.gradients.elements()
        set.gradients.fill(0)
        for index in 0..<5 { batch.segment(index).run(model) }
        #expect(normwiseError(packed, set.gradients.elements()) < 1e-5)
    }

    @Test("with a cache it gives the tokens of a computation from scratch", arguments: names)
    func cache(name: String) throws {
        let model = try tiny(name)
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        let prompts: [[Int32]] = [[1, 2, 3], [7], [4, 4, 9, 12, 0, 5]]
        let found = try Generator(model: model, stopIds: []).generate(prompts, maximumTokens: 12, batch: 2) { _ in
            Sampler(temperature: 0, topP: 1, seed: 0)
        }
        for (prompt, continuation) in zip(prompts, found) {
            var ids = prompt
            for _ in 0..<12 {
                let layout = SequenceLayout(segmentStarts: [0, ids.count], positions: ids.indices.map { Int32($0) })
                let last = model.hiddenStates(ids, layout: layout).rows(ids.count - 1..<ids.count)
                let logits = model.head.logits(last, engine: model.engine).elements()
                ids.append(Int32(logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0))
            }
            #expect(continuation == Array(ids[prompt.count...]))
        }
        #expect(Set(found.flatMap { $0 }).count > 1)
    }

    @Test("a sequence longer than the learned positions is refused", arguments: names)
    func tooLong(name: String) throws {
        let model = try tiny(name)
        let sampler = { (_: Int) in Sampler(temperature: 0, topP: 1, seed: 0) }
        let generator = Generator(model: model, stopIds: [])
        #expect(try generator.generate([[1, 2]], maximumTokens: 23, sampler: sampler)[0].count == 23)
        let expected = ModelError.sequenceTooLong(tokenCount: 25, positions: 24)
        #expect(throws: expected) { try generator.generate([[1, 2]], maximumTokens: 24, sampler: sampler) }
        #expect(throws: Never.self) { try TinyModel.make(engine: Engine(threads: 1)).requirePositions(1 << 20) }
    }

    @Test("a merged folder computes what model and adapter compute, with the shapes of the base", arguments: names)
    func merged(name: String) throws {
        let model = try model(name)
        let before = logits(model)
        try model.loadAdapter(path(name) + "/adapter-init")
        let folder = try TinyFolder()
        _ = try MergedModel.write(model, source: path(name) + "/model", to: folder.path + "/merged")
        let merged = try LanguageModel.load(folder.path + "/merged", engine: model.engine)
        #expect(normwiseError(logits(merged), logits(model)) < 1e-5)
        #expect(normwiseError(logits(merged), before) > 1e-3)
        let shapes = try SafetensorsFile(path: folder.path + "/merged/model.safetensors").tensors.mapValues(\.shape)
        #expect(try shapes == SafetensorsFile(path: path(name) + "/model/model.safetensors").tensors.mapValues(\.shape))
    }

    @Test("fan_in_fan_out is written for GPT-2 and survives; on other bases it is refused", arguments: names)
    func fanInFanOut(name: String) throws {
        let model = try model(name)
        let section = TinyModel.lora()
        let set = try TinyModel.attach(section, to: model)
        let folder = try TinyFolder()
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        #expect(content.configuration.storesTransposed == (name == "gpt2"))
        try content.write(to: folder.path)
        let text = try String(contentsOfFile: folder.path + "/" + PEFT.configurationFile, encoding: .utf8)
        try folder.write(
            PEFT.configurationFile,
            text.replacingOccurrences(of: "\"fan_in_fan_out\": false", with: "\"fan_in_fan_out\": true"))
        let again = try self.model(name)
        if name == "gpt2" {
            #expect(try again.loadAdapter(folder.path).values.elements() == set.values.elements())
            #expect(logits(again) == logits(model))
            try AdapterExport.peft(adapter: folder.path, to: folder.path + "/out")
            #expect(try PEFTConfiguration(folder: folder.path + "/out", acceptsTransposed: true).storesTransposed)
        } else {
            let error = #expect(throws: AdapterError.self) { try again.loadAdapter(folder.path) }
            #expect("\(String(describing: error))".contains("fan_in_fan_out"))
        }
    }

    @Test("adapters cannot become GGUF files, of which there are none for these families", arguments: names)
    func gguf(name: String) throws {
        let model = try model(name)
        try model.loadAdapter(path(name) + "/adapter-init")
        let folder = try TinyFolder()
        let expected = AdapterError.notRepresentable(
            format: "gguf", reason: "no GGUF architecture is known for the family \(name)")
        #expect(throws: expected) {
            try AdapterExport.gguf(model: model, name: "x", to: folder.path + "/x.gguf")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/x.gguf"))
    }

    @Test("a model saved without its head, whose names lack the first part, is the same model", arguments: names)
    func bareNames(name: String) throws {
        let folder = try TinyFolder()
        try FileManager.default.copyItem(
            atPath: path(name) + "/model/config.json", toPath: folder.path + "/config.json")
        var writer = SafetensorsWriter()
        for (key, tensor) in try SafetensorsFile(path: path(name) + "/model/model.safetensors").tensors {
            writer.append(
                key.split(separator: ".").dropFirst().joined(separator: "."), shape: tensor.shape, .stored(tensor))
        }
        try writer.write(to: folder.path + "/model.safetensors")
        let bare = try LanguageModel.load(folder.path, engine: Engine(threads: 1))
        let original = try model(name)
        #expect(logits(bare) == logits(original))
    }

    static let refused: [(name: String, change: [String: any Sendable], part: String)] = [
        ("opt", ["do_layer_norm_before": false], "do_layer_norm_before is \"false\", expected true"),
        ("opt", ["enable_bias": false], "enable_bias is \"false\", expected true"),
        ("opt", ["word_embed_proj_dim": 12], "word_embed_proj_dim is \"12\", expected the hidden size 24"),
        ("opt", ["activation_function": "gelu"], "activation_function is \"gelu\", expected relu"),
        ("opt", ["_remove_final_layer_norm": true], "_remove_final_layer_norm is \"true\", expected false"),
        ("opt", ["ffn_dim": NSNull()], "ffn_dim is missing"),
        ("opt", ["max_position_embeddings": 65], "embed_positions.weight has shape [66, 24], expected [67, 24]"),
        ("gpt2", ["scale_attn_by_inverse_layer_idx": true], "scale_attn_by_inverse_layer_idx is \"true\""),
        ("gpt2", ["activation_function": "swish"], "activation_function is \"swish\", expected gelu, "),
        ("gpt2", ["n_head": 5], "hidden size 24 is not a multiple of 5 heads"),
        ("gpt2", ["n_embd": NSNull()], "n_embd is missing"),
        ("gpt2", ["n_inner": NSNull()], "mlp.c_fc.weight has shape [24, 40], expected [24, 96]"),
    ]

    @Test("a configuration that would compute something else is refused by name", arguments: refused.indices)
    func refusedConfigurations(index: Int) throws {
        let (name, change, part) = Self.refused[index]
        let folder = try TinyFolder()
        let source = try Data(contentsOf: URL(fileURLWithPath: path(name) + "/model/config.json"))
        var json = try #require(try JSONSerialization.jsonObject(with: source) as? [String: Any])
        for (key, value) in change { json[key] = value }
        try JSONSerialization.data(withJSONObject: json).write(
            to: URL(fileURLWithPath: folder.path + "/config.json"))
        try FileManager.default.copyItem(
            atPath: path(name) + "/model/model.safetensors", toPath: folder.path + "/model.safetensors")
        let error = #expect(throws: ModelError.self) { try LanguageModel.load(folder.path, engine: Engine(threads: 1)) }
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }
}
