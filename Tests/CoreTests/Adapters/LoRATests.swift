import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("LoRA")
struct LoRATests {
    private func logits(_ model: LanguageModel, _ batch: TinyBatch) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    @Test("a fresh adapter changes nothing; at first only B has a gradient")
    func start() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        let before = logits(model, batch)
        let set = try TinyModel.attach(TinyModel.lora(), to: model, trained: false)
        #expect(logits(model, batch) == before)
        batch.run(model)
        for (index, parameter) in set.parameters.enumerated() {
            let isA = parameter.name.hasSuffix(".lora_A.weight")
            #expect(set.gradient(of: index).elements().allSatisfy { $0 == 0 } == isA, "\(parameter.name)")
            let bound = 1 / Float(parameter.shape[1]).squareRoot()
            let values = parameter.value.elements()
            #expect(isA ? values.allSatisfy { abs($0) <= bound } : values.allSatisfy { $0 == 0 })
            #expect(!isA || values.contains { abs($0) > bound / 4 })
        }
    }

    @Test("parameters come in layer order with PEFT's names, r (in + out) elements per layer")
    func parameters() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let set = try TinyModel.attach(TinyModel.lora(rank: 3), to: model)
        #expect(set.parameters.count == 2 * 7 * 2)
        #expect(set.parameters[0].name == "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight")
        #expect(set.parameters[1].name == "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight")
        #expect(set.count == model.linears.reduce(0) { $0 + 3 * ($1.inFeatures + $1.outFeatures) })
        #expect(model.adaptedLinears.count == 14)
    }

    @Test("every method says what it computes, how it starts and where it comes from")
    func methodDescription() throws {
        for method in AdapterMethod.all {
            #expect(!method.summary.isEmpty && !method.formula.isEmpty && !method.source.isEmpty, "\(method.name)")
            let lines = (method.formula + "\n" + method.source).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.allSatisfy { !$0.isEmpty && $0.count <= 110 }, "\(method.name)")
        }
        let lora = try AdapterMethod.named("lora")
        #expect(lora.formula.contains("Y = X Wᵀ + s · dropout(X) Aᵀ Bᵀ"))
        #expect(lora.formula.contains("A [rank, in]") && lora.formula.contains("B [out, rank]"))
        #expect(lora.source.contains("arXiv:2106.09685"))
    }

    @Test("the initial A depends on the seed and the layer only")
    func seeds() throws {
        let engine = Engine(threads: 1)
        func values(_ seed: UInt64, _ targets: AdapterSection.Targets) throws -> [String: [Float]] {
            let model = try TinyModel.make(engine: engine)
            let set = ParameterSet(
                try model.attachAdapters(TinyModel.lora(targets: targets), seed: seed).parameters, memory: engine.memory
            )
            return Dictionary(uniqueKeysWithValues: set.parameters.map { ($0.name, $0.value.elements()) })
        }
        let (all, few, other) = (
            try values(1, .allLinear), try values(1, .names(["v_proj"])), try values(2, .allLinear)
        )
        #expect(few.count == 4)
        for (name, value) in few {
            #expect(all[name] == value)
            if name.contains("lora_A") { #expect(other[name] != value) }
        }
        #expect(all.filter { $0.key.contains("k_proj.lora_A") || $0.key.contains("v_proj.lora_A") }.values.count == 4)
        #expect(Set(all.filter { $0.key.contains("v_proj.lora_A") }.values).count == 2)
    }

    @Test("the scaling is alpha / r, and alpha / √r for rsLoRA", arguments: [false, true])
    func scaling(rankStabilised: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let section = TinyModel.lora(rank: 4, alpha: 6, options: ["rs-lora": .boolean(rankStabilised)])
        _ = try TinyModel.attach(section, to: model)
        let adapter = try #require(model.linears[0].adapter as? LoRA)
        #expect(adapter.scaling == (rankStabilised ? 3 : 1.5))
    }

    @Test("the merged weight gives the same output as the adapter", arguments: [1, 4], [false, true])
    func mergeEqualsForward(rank: Int, rankStabilised: Bool) throws {
        let engine = Engine(threads: 1)
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let section = TinyModel.lora(rank: rank, dropout: 0.5, options: ["rs-lora": .boolean(rankStabilised)])
        _ = try TinyModel.attach(section, to: model)
        for linear in model.linears {
            let adapter = try #require(linear.adapter)
            let input = engine.memory.tensor(
                tinyNormal(6 * linear.inFeatures, seed: 3), rows: 6, columns: linear.inFeatures)
            let tape = Tape(engine: engine, isRecording: false)
            let x = Variable(input, requiresGradient: false)
            let adapted = linear.forward(x, on: tape).value.elements()
            let merged = adapter.merged(into: linear.currentWeight(engine.memory), engine: engine)
            var expected = tape.multiply(x, frozen: Float32Weight(merged)).value.elements()
            if let bias = linear.bias?.value.elements() {
                for index in expected.indices { expected[index] += bias[index % bias.count] }
            }
            // Two float32 sums of at most 12 + r products each.
            #expect(normwiseError(adapted, expected) < 2e-6, "\(linear.path)")
            let folded = try #require(adapter.folded(engine: engine))
            #expect(folded.a.rows == rank && folded.b.columns == rank)
        }
    }

    @Test("a merged model, written and read again, gives the adapter's logits")
    func mergedModel() throws {
        let engine = Engine(threads: 1)
        let fixture = ParityCase.root + "/Tests/Fixtures/parity/qwen2"
        let model = try LanguageModel.load(fixture + "/model", engine: engine)
        try model.loadAdapter(fixture + "/adapter-init")
        let folder = try TinyFolder()
        var writer = SafetensorsWriter()
        model.namedWeights { name, shape, value in writer.append(name, shape: shape, .float32(value.elements())) }
        try writer.write(to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: fixture + "/model/config.json", toPath: folder.path + "/config.json")
        let merged = try LanguageModel.load(folder.path, engine: engine)
        let batch = TinyBatch(lengths: [9, 4], vocabulary: 56)
        #expect(normwiseError(logits(merged, batch), logits(model, batch)) < 5e-6)
    }

    @Test("a rank larger than the layer is refused with the allowed range")
    func rankTooLarge() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let path = "model.layers.0.self_attn.q_proj"
        let expected = AdapterError.rankOutOfRange(rank: 9, path: path, inFeatures: 8, outFeatures: 16)
        #expect(throws: expected) { try model.attachAdapters(TinyModel.lora(rank: 9), seed: 1) }
        #expect(expected.description.contains("choose 1...8"))
        #expect(throws: Never.self) { try model.attachAdapters(TinyModel.lora(rank: 8), seed: 1) }
    }

    @Test("an adapter that fits some layers only leaves no layer changed when it is refused")
    func refusalLeavesNothing() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1)) { $0.keyValueHeads = 1 }
        // k and v have 4 rows here: q takes rank 5, k does not.
        #expect(throws: AdapterError.self) { try model.attachAdapters(TinyModel.lora(rank: 5), seed: 1) }
        #expect(model.adaptedLinears.isEmpty)
    }

    @Test("an unknown method is refused with the known ones")
    func unknownMethod() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        var section = TinyModel.lora()
        section.method = "lorra"
        #expect(throws: AdapterError.unknownMethod("lorra", known: AdapterMethod.all.map(\.name))) {
            try model.attachAdapters(section, seed: 1)
        }
    }
}
