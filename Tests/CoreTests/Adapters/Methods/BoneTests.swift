import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("Bone and Bat")
struct BoneTests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    private func section(
        _ method: String, rank: Int, targets: AdapterSection.Targets = .allLinear,
        mini: ConfigurationValue = .text("none")
    ) throws -> AdapterSection {
        var section = try AdapterMethod.named(method).defaultSection
        section.rank = rank
        section.targets = targets
        section.options = section.options.map { .init($0.key, mini) }
        return section
    }

    private func trained(_ section: AdapterSection, on model: LanguageModel) throws -> ParameterSet {
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        return set
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    private func error(_ section: AdapterSection) throws -> String {
        let model = try TinyModel.make(engine: engine)
        let error = #expect(throws: AdapterError.self) { try model.attachAdapters(section, seed: 1) }
        #expect(model.attached == nil)
        return error?.description ?? "accepted"
    }

    @Test("LLaMA-2-7B has the 87.0M parameters of the paper's table with rank 64", arguments: ["bone", "bat"])
    func publishedCount(method: String) throws {
        let folder = try TinyFolder()
        let file = try folder.write(
            "config.json",
            """
            {"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
             "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
             "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
            """)
        let inventory = try ModelInventory(
            configuration: try ModelFamily.configuration(of: ModelDescription(configurationFile: file)).configuration,
            storage: .encoding(.bfloat16), adapter: try AdapterMethod.named(method).defaultSection)
        #expect(inventory.trainableElements == 87_031_808)
    }

    @Test("Bone is LoRA with the frozen A of unit matrices side by side")
    func structuredLoRA() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try trained(section("bone", rank: 3), on: model)
        batch.run(model)
        let (expected, gradients) = (logits(model), set.gradients.elements())

        let lora = try TinyModel.make(engine: engine)
        let other = ParameterSet(
            try lora.attachAdapters(TinyModel.lora(rank: 3, alpha: 3), seed: 3).parameters, memory: engine.memory)
        for (index, parameter) in other.parameters.enumerated() {
            let (rows, columns) = (parameter.value.rows, parameter.value.columns)
            for row in 0..<rows {
                for column in 0..<columns {
                    parameter.value.pointer[row * columns + column] =
                        index.isMultiple(of: 2)
                        ? (column % 3 == row ? 1 : 0) : set.parameters[index / 2].value.pointer[column * rows + row]
                }
            }
        }
        batch.run(lora)
        #expect(normwiseError(logits(lora), expected) < 1e-5)
        let ofB = other.parameters.indices.filter { !$0.isMultiple(of: 2) }.flatMap { index in
            let gradient = other.gradient(of: index)
            return (0..<3).flatMap { k in (0..<gradient.rows).map { gradient.pointer[$0 * 3 + k] } }
        }
        #expect(normwiseError(ofB, gradients) < 1e-5)
    }

    @Test("mini as wide as the layer is plain Bone bit for bit")
    func widestMini() throws {
        let results = try [ConfigurationValue.text("none"), .integer(16)].map { mini in
            let model = try TinyModel.make(engine: engine)
            let set = try trained(section("bone", rank: 3, targets: .names(["q_proj"]), mini: mini), on: model)
            batch.run(model)
            return logits(model) + set.gradients.elements()
        }
        #expect(results[0] == results[1])
    }

    @Test("dropout keeps the gradient that of the differences, and inference is without it")
    func dropout() throws {
        let model = try TinyModel.make(engine: engine)
        var section = try section("bone", rank: 3)
        _ = try trained(section, on: model)
        let before = logits(model)
        section.dropout = 0.25
        let set = try trained(section, on: model)
        #expect(logits(model) == before)
        let key = RandomKey(seed: 1, step: 2, microBatch: 3)
        let worst = GradientCheck.worst(set, gradients: { batch.run(model, randomKey: key) }) {
            batch.run(model, randomKey: key).sum
        }
        #expect(worst.error < 5e-3, "\(worst)")
    }

    @Test("a rank may be as large as a layer's inputs, and mini has to divide its outputs")
    func boneSizes() throws {
        #expect(
            try error(section("bone", rank: 9)) == """
                adapter.rank: 9 does not fit; expected 1...8, the inputs of model.layers.0.self_attn.q_proj.
                """)
        #expect(
            try error(section("bone", rank: 2, mini: .integer(3))) == """
                adapter.mini: 3 does not divide model.layers.0.self_attn.q_proj, a [16, 8] matrix; choose 2 or 4, or leave \
                that layer out of adapter.targets.
                """)
        let model = try TinyModel.make(engine: engine)
        try model.attachAdapters(section("bone", rank: 12, targets: .names(["down_proj"])), seed: 1)
        #expect(model.attached?.parameters[0].shape == [12, 8])
    }

    @Test("a rank that does not divide both sides of a layer is refused with those that fit all layers")
    func batSizes() throws {
        #expect(
            try error(section("bat", rank: 3)) == """
                adapter.rank: 3 does not divide model.layers.0.self_attn.q_proj, a [16, 8] matrix; choose 2 or 4, or leave \
                that layer out of adapter.targets.
                """)
        // gate, up and down are [12, 8] and [8, 12].
        #expect(
            try error(section("bat", rank: 8)) == """
                adapter.rank: 8 does not divide model.layers.0.mlp.gate_proj, a [12, 8] matrix; choose 4, or leave that layer \
                out of adapter.targets.
                """)
    }

    @Test("Bat computes the same for a matrix that can only be decoded")
    func decodedMatrix() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try trained(section("bat", rank: 4), on: model)
        batch.run(model)
        let other = try LanguageModel(
            configuration: model.configuration,
            weights: DecodedWeights(of: TinyWeights(seed: 1, memory: engine.memory)),
            engine: engine)
        let otherSet = try trained(section("bat", rank: 4), on: other)
        batch.run(other)
        #expect(logits(other) == logits(model))
        #expect(otherSet.gradients.elements() == set.gradients.elements())
    }

    @Test("the number of threads does not change a bit", arguments: ["bone", "bat", "ia3"])
    func threads(method: String) throws {
        let results = try [1, 3].map { threads in
            let engine = Engine(threads: threads)
            let model = try TinyModel.make(engine: engine)
            var section = try AdapterMethod.named(method).defaultSection
            section.rank = 4
            let set = try trained(section, on: model)
            batch.run(model)
            return logits(model) + set.gradients.elements()
        }
        #expect(results[0] == results[1])
    }

    @Test("training steps use the same buffers again", arguments: ["bone", "bat", "ia3", "ln-tuning", "full"])
    func memory(method: String) throws {
        let engine = Engine(threads: 1)
        let model = try TinyModel.make(engine: engine)
        var section = try AdapterMethod.named(method).defaultSection
        section.rank = 4
        let set = try trained(section, on: model)
        for _ in 0..<2 { batch.run(model) }
        let count = engine.memory.systemAllocationCount
        for _ in 0..<3 { batch.run(model) }
        #expect(engine.memory.systemAllocationCount == count)
        #expect(set.gradients.elements().contains { $0 != 0 })
    }

    @Test("PEFT's MISS files are Bone or Bat by init_weights")
    func files() throws {
        func section(_ variant: String, mini: Int = 1) throws -> AdapterSection {
            let folder = try TinyFolder()
            try folder.write(
                PEFT.configurationFile,
                """
                {"peft_type": "MISS", "r": 6, "mini_r": \(mini), "init_weights": \(variant), "miss_dropout": 0.1, "bias": "none",
                 "target_modules": ["q_proj"], "exclude_modules": null, "layers_to_transform": null, "modules_to_save": null}
                """)
            return try PEFTConfiguration(folder: folder.path).section
        }
        #expect(try section("true").method == "bone" && section("true").option("mini") == .text("none"))
        #expect(try section("false") == section("true"))
        #expect(try section("\"mini\"", mini: 4).option("mini") == .integer(4))
        #expect(try section("\"bat\"").method == "bat" && section("\"bat\"").rank == 6)
        #expect(throws: AdapterError.self) { try section("\"pissa\"") }
    }

    @Test("mini is a number or none")
    func option() throws {
        func message(_ mini: String) -> String {
            do {
                let yaml =
                    "model: m\noutput: o\ndata: {train: t}\ntraining: {steps: 1}\nadapter: {method: bone, mini: \(mini)}"
                let configuration = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
                return configuration.adapter?.option("mini")?.inlineYAML ?? "no option"
            } catch {
                return "\(error)"
            }
        }
        #expect(message("none") == "none")
        #expect(message("4") == "4")
        #expect(
            message("0")
                == "run.yaml:5:31: adapter.mini: expected a whole number of at least 1 or none, but got 0.")
    }
}

/// Matrices that can only be decoded, as quantised ones.
private struct DecodedWeights: WeightStore {
    let source: TinyWeights

    init(of source: TinyWeights) { self.source = source }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor { try source.tensor(name, shape: shape) }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        DecodedWeight(try source.matrix(name, rows: rows, columns: columns, role: role, in: block))
    }
}

private final class DecodedWeight: FrozenWeight {
    private let source: any FrozenWeight

    init(_ source: any FrozenWeight) { self.source = source }

    var outFeatures: Int { source.outFeatures }
    var inFeatures: Int { source.inFeatures }
    var storedBytes: Int { source.storedBytes }

    func multiply(_ x: Tensor, into y: Tensor, engine: Engine) { source.multiply(x, into: y, engine: engine) }

    func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        source.multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
    }

    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        source.decode(rows: rows, into: destination)
    }
}
