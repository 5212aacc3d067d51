import CatenaAdapters
import CatenaEngine
import CatenaModels
import CatenaSchema
import Testing

@Suite("Tied-LoRA")
struct TiedLoRATests {
    private func parameters(
        _ options: [String: ConfigurationValue] = [:], targets: AdapterSection.Targets? = nil
    ) throws -> ParameterSet {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let section = try MethodTest.section("tied-lora", targets: targets, options)
        return ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
    }

    @Test("the table of counts on Llama-2-7B, whose q, k and v are one group")
    func counts() throws {
        func count(_ preset: String, _ rank: Int) throws -> Int {
            try MethodTest.llama2(MethodTest.section("tied-lora", rank: rank, ["preset": .text(preset)]))
        }
        let table = [
            (2, 1_048_576, 426_048, 393_280, 32_768), (8, 4_194_304, 524_544, 393_472, 131_072),
            (32, 16_777_216, 918_528, 394_240, 524_288), (128, 67_108_864, 2_494_464, 397_312, 2_097_152),
        ]
        for (rank, lora, tl6, vectors, tl5) in table {
            #expect(try count("lora", rank) == lora)
            #expect(try count("tl6", rank) == tl6)
            #expect(try count("tl5", rank) == tl5)
            #expect(try count("vectors", rank) == vectors)
        }
        // A in each block and B once: (L + 3) d r; the other way round (1 + 3 L) d r.
        #expect(try count("tied-b", 8) == 35 * 4096 * 8)
        #expect(try count("tied-a", 8) == 97 * 4096 * 8)
    }

    @Test("TL5 trains the A and B of one layer and nothing else, and alpha is the rank unless given")
    func tl5() throws {
        let names = try parameters(["preset": .text("tl5")]).parameters.map(\.name).sorted()
        let tensors = ["k_proj.lora_B", "q_proj.lora_B", "qkv.lora_A", "v_proj.lora_B"]
        #expect(names == tensors.map { "base_model.model.tied.self_attn.\($0).weight" })
        #expect(AdapterMethod.tiedLoRA.defaultAlpha(24) == 24)
        let text = AdapterMethod.tiedLoRA.formula
        #expect(text.contains("tl5, tied-ab    tied-trained  tied-trained  frozen at 1"))
    }

    @Test("grouped queries: rows of B and v for the widths of q, k and v, one A and u for the three")
    func groupedQueries() throws {
        let (d, q, kv, rank, layers) = (4096, 4096, 1024, 8, 32)
        let count = try MethodTest.llama3(MethodTest.section("tied-lora", rank: rank))
        #expect(count == rank * (d + q + 2 * kv) + layers * (rank + q + 2 * kv))
        let shapes = Dictionary(uniqueKeysWithValues: try parameters().parameters.map { ($0.name, $0.shape) })
        #expect(shapes["base_model.model.tied.self_attn.qkv.lora_A.weight"] == [2, 8])
        #expect(shapes["base_model.model.tied.self_attn.q_proj.lora_B.weight"] == [16, 2])
        #expect(shapes["base_model.model.tied.self_attn.k_proj.lora_B.weight"] == [8, 2])
        #expect(shapes["base_model.model.model.layers.1.self_attn.qkv.lora_u"] == [2])
        #expect(shapes["base_model.model.model.layers.1.self_attn.v_proj.lora_v"] == [8])
        #expect(shapes.count == 4 + 2 * 4)
    }

    @Test("q and v without k still share A; a layer alone has the names of LoRA")
    func partOfGroup() throws {
        let names = try parameters(["preset": .text("lora")], targets: .names(["q_proj", "v_proj", "down_proj"]))
            .parameters.map(\.name).filter { $0.contains("layers.0") }
        #expect(
            names == [
                "qkv.lora_A.weight", "q_proj.lora_B.weight", "v_proj.lora_B.weight",
            ].map { "base_model.model.model.layers.0.self_attn.\($0)" }
                + ["lora_A", "lora_B"].map { "base_model.model.model.layers.0.mlp.down_proj.\($0).weight" })
    }

    @Test(
        "one block with u = v = 1 frozen is LoRA bit for bit, tied or not",
        arguments: ["lora", "tl5", "tied-ab", "tied-a", "tied-b"])
    func oneBlock(preset: String) throws {
        let targets = AdapterSection.Targets.names(["q_proj", "o_proj", "up_proj", "down_proj"])
        func outcome(_ method: String, _ options: [String: ConfigurationValue]) throws -> MethodTest.Outcome {
            var place: UInt64 = 0
            return try MethodTest.outcome(
                MethodTest.section(method, dropout: 0.3, targets: targets, options),
                values: { parameter in
                    guard parameter.name.hasSuffix("lora_B.weight") else { return nil }
                    place += 1
                    return tinyNormal(parameter.count, standardDeviation: 0.2, seed: place)
                }, { $0.layerCount = 1 })
        }
        let lora = try outcome("lora", [:])
        let tied = try outcome("tied-lora", ["preset": .text(preset)])
        #expect(tied.logits == lora.logits)
        #expect(tied.gradients.count == 8)
        #expect(tied.gradients.map(\.values) == lora.gradients.map(\.values))
    }

    @Test("the gradient of a tied tensor is the sum of what untied ones get")
    func sum() throws {
        func outcome(_ preset: String) throws -> MethodTest.Outcome {
            try MethodTest.outcome(
                MethodTest.section("tied-lora", targets: .names(["q_proj", "down_proj"]), ["preset": .text(preset)]),
                values: { parameter in
                    let name = parameter.name.contains("down_proj") ? UInt64(1) : 2
                    return tinyNormal(parameter.count, seed: parameter.name.contains("lora_A") ? name : name + 2)
                })
        }
        let (tied, untied) = (try outcome("tl5"), try outcome("lora"))
        #expect(tied.logits == untied.logits)
        for (name, gradient) in tied.gradients {
            let end = name.split(separator: ".").suffix(3).joined(separator: ".")
            let parts = untied.gradients.filter { $0.name.hasSuffix(end) }.map(\.values)
            #expect(parts.count == 2)
            #expect(normwiseError(gradient, zip(parts[0], parts[1]).map { $0 + $1 }) < 1e-6, "\(name)")
        }
    }

    @Test("choices that cannot begin at ΔW = 0 and learn are refused, and the model stays as it was")
    func validity() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        for a in ["layer-trained", "tied-frozen"] {
            let section = try MethodTest.section(
                "tied-lora",
                ["a": .text(a), "b": .text("tied-frozen"), "u": .text("layer-frozen"), "v": .text("tied-frozen")])
            #expect {
                try model.attachAdapters(section, seed: 1)
            } throws: {
                let text = "\($0)"
                return text.contains("a: \(a), b: tied-frozen, u: layer-frozen, v: tied-frozen")
                    && text.contains("expected b, u or v trained")
            }
        }
        #expect(model.adaptedLinears.isEmpty)
    }

    @Test("every other choice starts at ΔW = 0 and has a gradient")
    func everyChoice() throws {
        let forms = ["layer-trained", "layer-frozen", "tied-trained", "tied-frozen"].map { ConfigurationValue.text($0) }
        let before = try MethodTest.outcome(MethodTest.section("lora")).logits
        for b in forms {
            for v in forms {
                let options: [String: ConfigurationValue] = [
                    "b": b, "v": v, "u": .text("tied-trained"), "a": .text("tied-trained"),
                ]
                let outcome = try MethodTest.outcome(MethodTest.section("tied-lora", options))
                #expect(outcome.logits == before, "\(options)")
                #expect(outcome.gradients.contains { $0.values.contains { $0 != 0 } }, "\(options)")
            }
        }
    }

    @Test("u and v do not decay; u learns at A's rate, v at B's")
    func rates() throws {
        for parameter in try parameters(["lora-plus-ratio": .number(4)]).parameters {
            let isVector = parameter.shape.count == 1
            #expect(parameter.decays == !isVector, "\(parameter.name)")
            let isFast = parameter.name.contains("lora_B") || parameter.name.hasSuffix("lora_v")
            #expect(parameter.learningRateFactor == (isFast ? 4 : 1), "\(parameter.name)")
        }
    }

    @Test("the default targets are q, k, v of Llama and OPT and the joint matrix of GPT-2")
    func targets() throws {
        func paths(_ json: String) throws -> [String] {
            let folder = try TinyFolder()
            let file = try folder.write("config.json", json)
            let engine = Engine(threads: 1)
            let model = try LanguageModel(
                configuration: try ModelFamily.configuration(of: ModelDescription(configurationFile: file))
                    .configuration,
                weights: TinyWeights(seed: 1, memory: engine.memory), engine: engine)
            let set = ParameterSet(
                try model.attachAdapters(MethodTest.section("tied-lora"), seed: 3).parameters, memory: engine.memory)
            #expect(set.parameters.contains { $0.name.hasPrefix("base_model.model.tied.") })
            return model.adaptedLinears.map(\.path)
        }
        let gpt2 = try paths(
            """
            {"model_type": "gpt2", "vocab_size": 13, "n_embd": 8, "n_inner": 12, "n_layer": 2, "n_head": 2,
             "n_positions": 24, "tie_word_embeddings": false}
            """)
        #expect(gpt2 == ["transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn"])
        let opt = try paths(
            """
            {"model_type": "opt", "vocab_size": 13, "hidden_size": 8, "ffn_dim": 12, "num_hidden_layers": 1,
             "num_attention_heads": 2, "max_position_embeddings": 24}
            """)
        #expect(opt.count == 3 && opt.allSatisfy { $0.contains(".self_attn.") && $0.hasSuffix("_proj") })
    }
}
