import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels
import CatenaSchema
import Foundation

/// Models small enough for finite differences, with weights far from their trivial values.
enum TinyModel {
    /// Two layers, D = 8, H = 4 over 2 key-value heads of width 4, F = 12, V = 13; `change` adapts it.
    static func configuration(
        _ change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> ModelConfiguration {
        let folder = try TinyFolder()
        let path = try folder.write(
            "config.json",
            """
            {"model_type": "llama", "vocab_size": 13, "hidden_size": 8, "intermediate_size": 12,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
            """)
        var configuration = try ModelFamily.configuration(
            of: ModelDescription(configurationFile: path)
        ).configuration
        change(&configuration)
        return configuration
    }

    /// A model with random weights that depend on `seed` only.
    static func make(
        engine: Engine, seed: UInt64 = 1, _ change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> LanguageModel {
        try LanguageModel(
            configuration: try configuration(change), weights: TinyWeights(seed: seed, memory: engine.memory),
            engine: engine)
    }

    /// Everything that can be switched on: biases, norms per head, a sliding window.
    static func everyOption(_ configuration: inout ModelConfiguration) {
        configuration.queryKeyValueBias = true
        configuration.outputBias = true
        configuration.feedForwardBias = true
        configuration.queryKeyNorm = true
        configuration.slidingWindow = 3
    }

    /// GPT-2: transposed matrices, biases, one matrix for q, k and v; D = 8, H = 2, F = 12, V = 13.
    static func gpt2(_ configuration: inout ModelConfiguration) {
        guard let folder = try? TinyFolder(),
            let file = try? folder.write(
                "config.json",
                """
                {"model_type": "gpt2", "vocab_size": 13, "n_embd": 8, "n_inner": 12, "n_layer": 2, "n_head": 2,
                 "n_positions": 24, "tie_word_embeddings": false}
                """),
            let made = try? ModelFamily.configuration(of: ModelDescription(configurationFile: file))
        else { preconditionFailure("GPT-2's tiny configuration cannot be made") }
        configuration = made.configuration
    }

    /// An adapter section for plain LoRA.
    static func lora(
        rank: Int = 2, alpha: Double = 3, dropout: Double = 0,
        targets: AdapterSection.Targets = .allLinear,
        options: [String: ConfigurationValue] = [:]
    ) -> AdapterSection {
        var section = AdapterSection()
        section.rank = rank
        section.alpha = alpha
        section.dropout = dropout
        section.targets = targets
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return section
    }

    /// Attaches LoRA and moves B away from zero, so that A has a gradient too.
    static func attach(
        _ section: AdapterSection, to model: LanguageModel, trained: Bool = true
    ) throws -> ParameterSet {
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
        if trained { addNoise(to: set, standardDeviation: 0.2) }
        return set
    }

    static func addNoise(to set: ParameterSet, standardDeviation: Float, seed: UInt64 = 5) {
        let noise = tinyNormal(set.count, standardDeviation: standardDeviation, seed: seed)
        for index in 0..<set.count { set.values.pointer[index] += noise[index] }
    }
}

/// Concatenated sequences with next-token targets, a few of them unsupervised.
struct TinyBatch {
    var ids: [Int32]
    var targets: [Int32]
    var weights: [Float]?
    var starts: [Int]

    init(lengths: [Int], vocabulary: Int, seed: UInt64 = 11) {
        var generator = SeededGenerator(seed: seed, purpose: "tiny-batch")
        (ids, targets, starts) = ([], [], [0])
        for length in lengths {
            for position in 0..<length {
                ids.append(Int32(generator.next(below: vocabulary)))
                let supervised = position + 1 < length && generator.next(below: 4) > 0
                targets.append(supervised ? Int32(generator.next(below: vocabulary)) : -100)
            }
            starts.append(ids.count)
        }
    }

    var layout: SequenceLayout {
        SequenceLayout(
            segmentStarts: starts,
            positions: zip(starts, starts.dropFirst()).flatMap { (0..<Int32($1 - $0)).map { $0 } })
    }

    func input(_ randomKey: RandomKey = .none) -> Batch {
        var batch = Batch(inputIds: ids, targets: targets, weights: weights, layout: layout)
        batch.randomKey = randomKey
        return batch
    }

    /// Segment `index` alone.
    func segment(_ index: Int) -> TinyBatch {
        var result = self
        let range = starts[index]..<starts[index + 1]
        result.ids = Array(ids[range])
        result.targets = Array(targets[range])
        result.weights = weights.map { Array($0[range]) }
        result.starts = [0, range.count]
        return result
    }

    /// Adds the gradient of this batch to the parameters of `model`.
    @discardableResult
    func run(
        _ model: LanguageModel, recompute: GradientPass.Recompute = .none, randomKey: RandomKey = .none
    ) -> Loss {
        GradientPass(model: model, recompute: recompute).run(input(randomKey))
    }
}

/// Normal matrices; norms around 1, biases around 0.
struct TinyWeights: WeightStore {
    let seed: UInt64
    let memory: TensorMemory

    private func normal(_ name: String, rows: Int, columns: Int, mean: Float, deviation: Float) -> Tensor {
        let result = memory.tensor(rows: rows, columns: columns)
        SeededGenerator(seed: seed, purpose: "tiny-weights", name: name).fillNormal(
            UnsafeMutableBufferPointer(start: result.pointer, count: result.count), mean: mean,
            standardDeviation: deviation)
        return result
    }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        normal(
            name, rows: shape.rowsAndColumns.rows, columns: shape.rowsAndColumns.columns,
            mean: name.hasSuffix(".bias") ? 0 : 1, deviation: 0.2)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let deviation: Float = if case .layer = block { 0.4 } else { 0.6 }
        return Float32Weight(normal(name, rows: rows, columns: columns, mean: 0, deviation: deviation))
    }
}

/// A folder of its own for one test, removed with the value.
final class TinyFolder {
    let path = NSTemporaryDirectory() + "catena-engine-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}

func tinyNormal(_ count: Int, standardDeviation: Float = 1, seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    SeededGenerator(seed: seed, purpose: "tiny-normal").fillNormal(&values, standardDeviation: standardDeviation)
    return values
}

/// Euclidean norm of the difference over that of `expected`.
func normwiseError(_ found: [Float], _ expected: [Float]) -> Double {
    guard found.count == expected.count else { return .infinity }
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(found, expected) {
        difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
        norm += Double(b) * Double(b)
    }
    let error = (difference / max(norm, 1e-30)).squareRoot()
    return error.isFinite ? error : .infinity
}

extension Head {
    /// The scores of every row, where heads of language models are tested.
    func logits(_ hidden: Tensor, engine: Engine) -> Tensor {
        scores(hidden, layout: SequenceLayout(), engine: engine)
    }
}
