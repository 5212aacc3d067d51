import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("Houlsby, Pfeiffer and Compacter")
struct BottleneckTests {
    static let methods = ["houlsby", "pfeiffer", "compacter", "compacter++"]
    private let engine = Engine(threads: 1)

    private func section(
        _ method: String, rank: Int, options: [String: ConfigurationValue] = [:]
    ) throws -> AdapterSection {
        var section = try AdapterMethod.named(method).defaultSection
        section.rank = rank
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return section
    }

    private func attach(_ section: AdapterSection, to model: LanguageModel) throws -> ParameterSet {
        ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
    }

    /// GPT-2's kind of layer with D = 8, V = 13.
    private func gpt2() throws -> LanguageModel {
        let folder = try TinyFolder()
        let file = try folder.write(
            "config.json",
            """
            {"model_type": "gpt2", "vocab_size": 13, "n_embd": 8, "n_inner": 12, "n_layer": 2, "n_head": 2,
             "n_positions": 24, "tie_word_embeddings": false}
            """)
        return try LanguageModel(
            configuration: try ModelFamily.configuration(of: ModelDescription(configurationFile: file)).configuration,
            weights: TinyWeights(seed: 1, memory: engine.memory), engine: engine)
    }

    private func shape(_ model: String, _ section: AdapterSection) throws -> ModelInventory {
        let configuration = try #require(try BenchmarkShape.configuration(model))
        return try ModelInventory(configuration: configuration, storage: .encoding(.float32), adapter: section)
    }

    @Test("in layers with LayerNorm the loss has the gradient of its differences", arguments: methods)
    func layerNormGradients(method: String) throws {
        let model = try gpt2()
        let options: [String: ConfigurationValue] = ["activation": .text("gelu"), "train-norms": .boolean(true)]
        let set = try attach(try section(method, rank: 4, options: options), to: model)
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        let batch = TinyBatch(lengths: [5, 1, 6], vocabulary: 13)
        let worst = GradientCheck.worst(set, gradients: { batch.run(model) }) { batch.run(model).sum }
        #expect(worst.error < 5e-3, "\(worst)")
    }

    @Test("with a cache the logits are those of the whole sequence", arguments: methods, [false, true])
    func cachedGeneration(method: String, isGPT2: Bool) throws {
        let model = try isGPT2 ? gpt2() : TinyModel.make(engine: engine, TinyModel.everyOption)
        TinyModel.addNoise(to: try attach(try section(method, rank: 4), to: model), standardDeviation: 0.3)
        let ids: [Int32] = [1, 5, 12, 7, 3, 3, 0, 9]
        let cache = model.configuration.keyValueCache(capacity: ids.count, memory: engine.memory)
        var cached: [Float] = []
        for part in [ids[0..<3], ids[3..<4], ids[4..<6], ids[6..<8]] {
            let hidden = model.hiddenStates(Array(part), layout: SequenceLayout(appending: [part.count], to: [cache]))
            cached += model.head.logits(hidden, engine: engine).elements()
        }
        let layout = SequenceLayout(segmentStarts: [0, ids.count], positions: ids.indices.map { Int32($0) })
        let whole = model.head.logits(model.hiddenStates(ids, layout: layout), engine: engine).elements()
        #expect(normwiseError(cached, whole) < 1e-5)
    }

    @Test("the trained numbers of decoders, from the shapes alone")
    func counts() throws {
        // SmolLM2-135M: 30 layers of 576, 61 norms.
        let norms = 61 * 576
        #expect(try shape("smollm2-135m", section("houlsby", rank: 64)).trainableElements == 60 * 74_368 + norms)
        #expect(try shape("smollm2-135m", section("pfeiffer", rank: 36)).trainableElements == 30 * 42_084)
        #expect(try shape("smollm2-135m", section("compacter", rank: 24)).trainableElements == 60 * 1800 + 64 + norms)
        #expect(try shape("smollm2-135m", section("compacter++", rank: 24)).trainableElements == 30 * 1800 + 64 + norms)
    }

    /// Weights, biases and norms as the papers count them; no code of the library.
    private struct PublishedCount {
        let adapters: Int
        let hidden: Int
        let width: Int
        let norms: Int

        var dense: Int { adapters * (2 * hidden * width + width + hidden) + norms }

        func kronecker(_ n: Int) -> Int { adapters * (2 * (hidden + width) + hidden + width) + n * n * n + norms }
    }

    @Test("the same formulas give the numbers of T5-base")
    func publishedCounts() {
        // 12 encoder and 12 decoder layers of 768, 62 RMSNorms; per cent of 222,903,552 in the paper's tables.
        let norms = 62 * 768
        let (both, one) = (
            PublishedCount(adapters: 48, hidden: 768, width: 24, norms: norms),
            PublishedCount(adapters: 24, hidden: 768, width: 24, norms: norms)
        )
        #expect(both.dense == 1_855_104)
        #expect(one.dense == 951_360)
        #expect(both.kronecker(4) == 161_728)
        #expect(one.kronecker(4) == 104_704)
    }

    @Test("the shared factor is one tensor, whose gradient is the sum over all projections")
    func sharedRule() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try attach(try section("compacter", rank: 4, options: ["phm-dim": .integer(2)]), to: model)
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        let rules = set.parameters.filter { $0.name.hasSuffix("phm_rule") }
        #expect(rules.count == 1)
        #expect(rules[0].shape == [2, 2, 2])
        #expect(set.parameters.count == 1 + 2 * 2 * 2 * 3 + 5)
        let (x, g) = (tinyNormal(3 * 8, seed: 1), tinyNormal(3 * 8, seed: 2))
        func gradient(_ indices: [Int]) throws -> [Float] {
            set.gradients.fill(0)
            let adapters = try #require(model.attached).sublayers
            for index in indices {
                let tape = Tape(engine: engine, isRecording: true)
                func leaf(_ values: [Float]) -> Variable {
                    Variable(engine.memory.tensor(values, rows: 3, columns: 8), requiresGradient: true)
                }
                let y = adapters[index].adapter.join(leaf(x), residual: leaf(g), on: tape)
                tape.backward(from: y, gradient: engine.memory.tensor(g, rows: 3, columns: 8))
            }
            return set.gradient(of: 0).elements()
        }
        let each = try (0..<4).map { try gradient([$0]) }
        let sum = (0..<8).map { element in each.reduce(0) { $0 + $1[element] } }
        #expect(each.allSatisfy { $0.contains { $0 != 0 } })
        #expect(normwiseError(try gradient([0, 1, 2, 3]), sum) < 1e-6)
    }

    @Test("first values: deviations and bounds of the documents, biases zero")
    func initialisation() throws {
        let model = try TinyModel.make(engine: engine) { $0.hiddenSize = 192 }
        func values(_ method: String, rank: Int, _ suffix: String) throws -> [Float] {
            let set = try attach(try section(method, rank: rank), to: model)
            return set.parameters.filter { $0.name.hasSuffix(suffix) }.flatMap { $0.value.elements() }
        }
        func deviation(_ values: [Float]) -> Double {
            (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
        }
        let houlsby = try values("houlsby", rank: 64, "adapter_down.weight")
        #expect(houlsby.allSatisfy { abs($0) <= 2e-3 })
        #expect(houlsby.contains { abs($0) > 1.9e-3 })
        // A normal distribution cut at two deviations has 0.8796 of the deviation; 49152 numbers give ±0.3 %.
        #expect(abs(deviation(houlsby) / 0.8796e-3 - 1) < 0.01)
        let pfeiffer = try values("pfeiffer", rank: 64, "adapter_up.weight")
        #expect(abs(deviation(pfeiffer) / 0.02 - 1) < 0.015)
        #expect(pfeiffer.contains { abs($0) > 0.05 })
        // √2 √(6 / (192 / 4 + 1)) and √2 √(6 / (24 / 4 + 1)); uniform numbers have 1/√3 of their bound.
        for (suffix, bound) in [
            ("adapter_down.W_left", 0.494872), ("adapter_down.W_right", 1.309307), ("adapter_up.W_left", 1.309307),
            ("adapter_up.W_right", 0.494872),
        ] {
            let factors = try values("compacter", rank: 24, suffix)
            #expect(factors.allSatisfy { Double(abs($0)) <= bound + 1e-5 }, "\(suffix)")
            #expect(factors.contains { Double(abs($0)) > 0.95 * bound }, "\(suffix)")
            #expect(abs(deviation(factors) * 3.0.squareRoot() / bound - 1) < 0.15, "\(suffix)")
        }
        let rule = try values("compacter", rank: 96, "phm_rule")
        #expect(deviation(rule) > 0.5e-4 && deviation(rule) < 1.5e-4)
        for method in Self.methods {
            let set = try attach(try section(method, rank: 24), to: model)
            for parameter in set.parameters where parameter.name.hasSuffix(".bias") || parameter.name.hasSuffix(".b") {
                #expect(parameter.value.elements().allSatisfy { $0 == 0 })
                #expect(!parameter.decays)
            }
        }
    }

    @Test("a width above the hidden size is refused")
    func excessWidth() throws {
        let model = try TinyModel.make(engine: engine)
        for method in Self.methods {
            let error = try #require(throws: AdapterError.self) {
                try model.attachAdapters(try section(method, rank: 16), seed: 1)
            }
            #expect(error.description.contains("adapter.rank: 16") && error.description.contains("choose 1...8"))
        }
        #expect(model.attached == nil)
    }

    @Test("n must divide the bottleneck's width and the hidden size", arguments: [(6, 4), (3, 3), (8, 16)])
    func divisors(rank: Int, n: Int) throws {
        let model = try TinyModel.make(engine: engine)
        let error = try #require(throws: AdapterError.self) {
            try model.attachAdapters(try section("compacter", rank: rank, options: ["phm-dim": .integer(n)]), seed: 1)
        }
        let expected = rank == 6 ? "choose one of 1, 2" : rank == 3 ? "choose one of 1" : "choose one of 1, 2, 4, 8"
        #expect(error.description.hasPrefix("adapter.phm-dim: \(n) does not divide"))
        #expect(error.description.contains(expected + ", or a rank"))
    }

    @Test("files of a trained adapter pass their verification", arguments: methods)
    func verification(method: String) throws {
        let model = try TinyModel.make(engine: engine)
        TinyModel.addNoise(to: try attach(try section(method, rank: 4), to: model), standardDeviation: 0.2)
        let folder = try TinyFolder()
        try AdapterFiles.content(of: model, baseModel: "m").write(to: folder.path)
        let verification = try AdapterVerification(
            adapter: folder.path, model: try TinyModel.make(engine: engine), baseFingerprint: "f",
            recordedFingerprint: nil)
        #expect(verification.isPassed, "\(verification.findings)")
        let parts = method == "houlsby" || method == "compacter" ? 4 : 2
        #expect(verification.findings.contains { $0.detail.contains("match \(parts) parts of layers") })
    }

    @Test("files are Catena's own; plain LoRA, GGUF, merged and a chain's link are refused", arguments: methods)
    func exports(method: String) throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attach(try section(method, rank: 4), to: model)
        let folder = try TinyFolder()
        #expect(try AdapterFiles.content(of: model, baseModel: "m").configuration.type == "CATENA")
        #expect(throws: AdapterError.self) {
            try AdapterExport.lora(model: model, baseModel: "m", to: folder.path + "/lora")
        }
        #expect(throws: AdapterError.self) {
            try AdapterExport.gguf(model: model, name: "m", to: folder.path + "/adapter.gguf")
        }
        #expect(throws: AdapterError.self) { try MergedModel.write(model, source: "none", to: folder.path + "/merged") }
        #expect(throws: AdapterError.self) { try ChainLink(folding: model) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
