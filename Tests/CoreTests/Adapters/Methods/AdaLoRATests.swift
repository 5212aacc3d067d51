import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Testing

@Suite("AdaLoRA")
struct AdaLoRATests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    private func attached(_ model: LanguageModel) throws -> (set: ParameterSet, adapters: [AdaLoRA]) {
        var section = try AdapterMethod.named("adalora").defaultSection
        (section.rank, section.alpha, section.targets) = (4, 3, .names(["q_proj", "up_proj"]))
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        return (set, model.adaptedLinears.compactMap { $0.adapter as? AdaLoRA })
    }

    /// A model with 3, 0, 4 and 1 ranks left, pruned by the rule itself: gradients decide the scores.
    private func pruned() throws -> LanguageModel {
        let model = try TinyModel.make(engine: engine)
        let (set, adapters) = try attached(model)
        TinyModel.addNoise(to: set, standardDeviation: 0.3)
        let rule = try #require(model.attached?.rule)
        try rule.prepare(AdapterRun(totalSteps: 40, peakLearningRate: 1))
        let importance: [[Float]] = [[1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]]
        for step in 1...40 {
            set.gradients.fill(0)
            for (layer, values) in importance.enumerated() {
                set.gradient(of: 3 * layer + 1).copy(from: values)
            }
            for adapter in adapters {
                for rank in 0..<4 where adapter.e.value.pointer[rank] == 0 { adapter.e.value.pointer[rank] = 0.25 }
            }
            rule.afterUpdate(set, gradientScale: 1, step: step)
        }
        return model
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    @Test("A and B begin with deviation 0.02, E with zero")
    func initialisation() throws {
        var configuration = try TinyModel.configuration()
        configuration.hiddenSize = 96
        let model = try LanguageModel(
            configuration: configuration, weights: TinyWeights(seed: 1, memory: engine.memory), engine: engine)
        let (_, adapters) = try attached(model)
        for adapter in adapters {
            #expect(adapter.e.value.elements().allSatisfy { $0 == 0 })
            for tensor in [adapter.a, adapter.b] {
                let values = tensor.value.elements().map(Double.init)
                let deviation = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
                let error = 0.02 / (2 * Double(values.count)).squareRoot()
                #expect(abs(deviation - 0.02) < 4 * error, "\(tensor.name)")
            }
        }
        #expect(adapters[0].a.value.elements() != adapters[2].a.value.elements())
    }

    @Test("a pruned adapter's files hold the ranks in use only, also none, and are read back bit for bit")
    func prunedFiles() throws {
        let model = try pruned()
        let folder = try TinyFolder()
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        try content.write(to: folder.path)
        let file = try SafetensorsFile(path: folder.path + "/" + PEFT.weightsFile)
        let prefix = "base_model.model.model.layers."
        #expect(file.tensors[prefix + "0.self_attn.q_proj.lora_A"]?.shape == [3, 8])
        #expect(file.tensors[prefix + "0.self_attn.q_proj.lora_E"]?.shape == [3, 1])
        #expect(file.tensors[prefix + "0.self_attn.q_proj.lora_B"]?.shape == [16, 3])
        #expect(file.tensors[prefix + "0.mlp.up_proj.lora_B"]?.shape == [12, 0])
        #expect(file.tensors[prefix + "1.mlp.up_proj.lora_A"]?.shape == [1, 8])
        let loaded = try TinyModel.make(engine: engine)
        try loaded.loadAdapter(folder.path)
        #expect(logits(loaded) == logits(model))
        let again = try AdapterFiles.content(of: loaded, baseModel: "m")
        #expect(try again.writer.data() == content.writer.data())
        #expect(again.configuration.json == content.configuration.json)
        let wholly = try AdapterVerification(
            adapter: folder.path, model: TinyModel.make(engine: engine), baseFingerprint: "", recordedFingerprint: nil)
        #expect(wholly.isPassed, "\(wholly.findings)")
    }

    @Test("as LoRA, ranks out of use and layers without any are left out")
    func prunedLoRA() throws {
        let model = try pruned()
        let folder = try TinyFolder()
        try AdapterExport.lora(model: model, baseModel: "m", to: folder.path + "/lora")
        let configuration = try PEFTConfiguration(folder: folder.path + "/lora")
        #expect(
            configuration.section.targets
                == .names(["0.self_attn.q_proj", "1.mlp.up_proj", "1.self_attn.q_proj"].map { "model.layers." + $0 }))
        #expect(configuration.json["r"] == .integer(3))
        #expect(
            configuration.json["rank_pattern"]
                == ["model.layers.1.mlp.up_proj": .integer(1), "model.layers.1.self_attn.q_proj": .integer(4)])
        #expect(configuration.json["alpha_pattern"]?.objectValue?.count == 2)
        let loaded = try TinyModel.make(engine: engine)
        try loaded.loadAdapter(folder.path + "/lora")
        #expect(loaded.adaptedLinears.count == 3)
        #expect(normwiseError(logits(loaded), logits(model)) < 1e-6)
    }

    @Test("GGUF's one alpha is right for every layer's own rank")
    func prunedGGUF() throws {
        let model = try pruned()
        let folder = try TinyFolder()
        try AdapterExport.gguf(model: model, name: "x", to: folder.path + "/x.gguf")
        let file = try GGUFFile(path: folder.path + "/x.gguf")
        #expect(file.tensors.count == 6)
        guard case .float(let alpha)? = file.metadata["adapter.lora.alpha"] else {
            Issue.record("no alpha")
            return
        }
        for (index, name) in [(2, "blk.1.attn_q.weight"), (3, "blk.1.ffn_up.weight"), (0, "blk.0.attn_q.weight")] {
            let linear = model.adaptedLinears[index]
            let a = try #require(file.tensors[name + ".lora_a"])
            let b = try #require(file.tensors[name + ".lora_b"])
            // As llama.cpp reads it: alpha over the tensor's own rank.
            let scale = alpha / Double(a.shape[0])
            let product =
                DoubleMatrix(rows: b.shape[0], columns: b.shape[1], try b.floats().map(Double.init))
                * DoubleMatrix(rows: a.shape[0], columns: a.shape[1], try a.floats().map(Double.init))
            let zero = engine.memory.zeros(rows: linear.outFeatures, columns: linear.inFeatures)
            let merged = try #require(linear.adapter).merged(into: zero, engine: engine)
            let isInterleaved = name.hasSuffix("attn_q.weight")
            let expected = DoubleMatrix(rows: merged.rows, columns: merged.columns) { row, column in
                // Heads of 4 rows: the file holds the pairs (0, 2) and (1, 3) next to each other.
                let source = isInterleaved ? row / 4 * 4 + [0, 2, 1, 3][row % 4] : row
                return Double(merged.pointer[source * merged.columns + column])
            }
            #expect(normwiseError((scale * product).floats, expected.floats) < 1e-6, "\(name)")
        }
    }

    @Test("a link of a chain has all ranks in every layer, those out of use as zeros")
    func link() throws {
        let model = try pruned()
        let expected = logits(model)
        let link = try ChainLink(folding: model)
        #expect(link.rank == 4)
        #expect(link.updates[1].update.a.elements().allSatisfy { $0 == 0 })
        let ledger = ChainLedger(model: model, form: .ledger)
        _ = try attached(model)
        ledger.append(link)
        #expect(normwiseError(logits(model), expected) < 1e-6)
    }

    @Test("ranks that a file leaves out begin with new A and B and can come back")
    func revival() throws {
        let model = try pruned()
        let folder = try TinyFolder()
        try AdapterFiles.content(of: model, baseModel: "m").write(to: folder.path)
        let loaded = try TinyModel.make(engine: engine)
        let set = try loaded.loadAdapter(folder.path)
        let empty = try #require(loaded.adaptedLinears[1].adapter as? AdaLoRA)
        #expect(empty.isKept == [false, false, false, false])
        #expect(empty.a.value.elements().contains { $0 != 0 })
        batch.run(loaded)
        #expect(set.gradient(of: 4).elements().contains { $0 != 0 })
    }
}
