import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// `rank_pattern` and `alpha_pattern` of PEFT's files.
@Suite("Ranks and alphas of single layers")
struct LayerPatternsTests {
    private let engine = Engine(threads: 1)

    /// The attached adapter that a configuration with these patterns describes, for rank 2 and alpha 3.
    private func attached(
        ranks: [String: any Sendable] = [:], alphas: [String: any Sendable] = [:], rankStabilised: Bool = false
    ) throws -> LanguageModel {
        let folder = try TinyFolder()
        let json: [String: Any] = [
            "peft_type": "LORA", "r": 2, "lora_alpha": 3, "rank_pattern": ranks, "alpha_pattern": alphas,
            "target_modules": "all-linear", "use_rslora": rankStabilised,
        ]
        let data = try JSONSerialization.data(withJSONObject: json)
        try data.write(to: URL(fileURLWithPath: folder.path + "/" + PEFT.configurationFile))
        let model = try TinyModel.make(engine: engine)
        let section = try PEFTConfiguration(folder: folder.path).section
        _ = ParameterSet(try model.attachAdapters(section, seed: 1).parameters, memory: engine.memory)
        return model
    }

    private func lora(_ model: LanguageModel, _ path: String) throws -> LoRA {
        try #require(model.linears.first { $0.path == "model.layers." + path }?.adapter as? LoRA)
    }

    @Test("a key stands for the end of a path, the first in alphabetical order for all that match")
    func matching() throws {
        let model = try attached(
            ranks: ["q_proj": 4, "self_attn.q_proj": 1, "proj": 7, "(up|gate)_proj": 3],
            alphas: ["1.self_attn.v_proj": 5.5, #"layers\.0\..*"#: 6])
        #expect(try lora(model, "0.self_attn.q_proj").a.shape == [4, 8])
        #expect(try lora(model, "1.mlp.up_proj").a.shape == [3, 8])
        #expect(try lora(model, "1.mlp.down_proj").a.shape == [2, 12])
        #expect(try lora(model, "1.self_attn.v_proj").scaling == 5.5 / 2)
        #expect(try lora(model, "1.self_attn.k_proj").scaling == 3.0 / 2)
        #expect(try lora(model, "0.self_attn.q_proj").scaling == 6.0 / 4)
        #expect(try lora(model, "0.mlp.gate_proj").scaling == 6.0 / 3)
    }

    @Test("rsLoRA divides by the root of each layer's own rank")
    func rankStabilised() throws {
        let model = try attached(ranks: ["k_proj": 9], rankStabilised: true)
        #expect(try lora(model, "0.self_attn.k_proj").scaling == 1)
        #expect(try lora(model, "0.self_attn.q_proj").scaling == 3 / 2.0.squareRoot())
    }

    @Test("a rank below 1 and a key that is no expression are refused by their place")
    func refused() throws {
        #expect { try attached(ranks: ["q_proj": 0]) } throws: {
            "\($0)".contains("rank_pattern.q_proj") && "\($0)".contains("a whole number of at least 1")
        }
        #expect { try attached(alphas: ["q_proj(": 2]) } throws: { "\($0)".contains("alpha_pattern.q_proj(") }
        #expect { try attached(alphas: ["q_proj": "2"]) } throws: { "\($0)".contains("alpha_pattern.q_proj") }
    }

    @Test("they are written again, and the adapter computes the same")
    func roundTrip() throws {
        let model = try attached(ranks: ["q_proj": 4], alphas: ["down_proj": 7.5])
        let set = ParameterSet(try #require(model.attached).parameters, memory: engine.memory)
        TinyModel.addNoise(to: set, standardDeviation: 0.3)
        let folder = try TinyFolder()
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        #expect(content.configuration.json["rank_pattern"] == ["q_proj": .integer(4)])
        #expect(content.configuration.json["alpha_pattern"] == ["down_proj": .number(7.5)])
        try content.write(to: folder.path)
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        func logits(_ model: LanguageModel) -> [Float] {
            model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
        }
        let loaded = try TinyModel.make(engine: engine)
        try loaded.loadAdapter(folder.path)
        #expect(logits(loaded) == logits(model))
        try AdapterExport.lora(model: model, baseModel: "m", to: folder.path + "/lora")
        let folded = try TinyModel.make(engine: engine)
        try folded.loadAdapter(folder.path + "/lora")
        #expect(normwiseError(logits(folded), logits(model)) < 1e-6)
    }

    @Test("a run with one rank and alpha for all does not begin with such an adapter")
    func initialAdapter() throws {
        let section = try #require(try attached(alphas: ["down_proj": 7.5]).attached).section
        let folder = try TinyFolder()
        try AdapterFiles.content(of: try attached(alphas: ["down_proj": 7.5]), baseModel: "m").write(to: folder.path)
        let read = try PEFTConfiguration(folder: folder.path)
        #expect(throws: Never.self) { try read.requireSameMeaning(as: section, folder: folder.path) }
        let plain = try #require(try attached().attached).section
        #expect { try read.requireSameMeaning(as: plain, folder: folder.path) } throws: {
            "\($0)".contains("ranks or alphas of single layers")
        }
    }
}
