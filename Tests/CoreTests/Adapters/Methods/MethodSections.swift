import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Testing

/// A method's section for tests of one method, and what such tests look at.
enum MethodTest {
    static func section(
        _ method: String, rank: Int = 2, alpha: Double = 3, dropout: Double = 0,
        targets: AdapterSection.Targets? = nil, _ options: [String: ConfigurationValue] = [:]
    ) throws -> AdapterSection {
        var section = try AdapterMethod.named(method).defaultSection
        (section.rank, section.alpha, section.dropout) = (rank, alpha, dropout)
        if let targets { section.targets = targets }
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return section
    }

    /// The parameters that a model of this shape gets, counted without weights.
    static func count(
        width: Int, layers: Int, heads: Int, keyValueHeads: Int, inner: Int,
        _ section: AdapterSection
    ) throws -> Int {
        let configuration = try TinyModel.configuration {
            ($0.hiddenSize, $0.layerCount, $0.intermediateSize) = (width, layers, inner)
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension) = (heads, keyValueHeads, width / heads)
        }
        return try ModelInventory(
            configuration: configuration, storage: .encoding(.bfloat16), adapter: section
        ).trainableElements
    }

    static func llama2(_ section: AdapterSection) throws -> Int {
        try count(width: 4096, layers: 32, heads: 32, keyValueHeads: 32, inner: 11008, section)
    }

    static func llama3(_ section: AdapterSection) throws -> Int {
        try count(width: 4096, layers: 32, heads: 32, keyValueHeads: 8, inner: 14336, section)
    }

    /// Logits and gradients, by parameter name, of a model with trained adapters.
    struct Outcome {
        let logits: [Float]
        let gradients: [(name: String, values: [Float])]
    }

    /// Attaches a section to a toy model; `values` are put in the parameters with these names.
    static func outcome(
        _ section: AdapterSection, values: (Parameter) -> [Float]? = { _ in nil },
        _ change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> Outcome {
        let model = try TinyModel.make(engine: Engine(threads: 1), change)
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
        for parameter in set.parameters {
            if let values = values(parameter) { parameter.value.copy(from: values) }
        }
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        let logits = model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine)
        batch.run(model, randomKey: RandomKey(seed: 1, step: 2, microBatch: 3))
        return Outcome(
            logits: logits.elements(),
            gradients: set.parameters.enumerated().map { ($1.name, set.gradient(of: $0).elements()) })
    }

    /// Numbers that depend on the layer and on which of A and B it is, and not on the method.
    static func movedB(_ parameter: Parameter) -> [Float]? {
        guard parameter.name.hasSuffix("lora_B.weight") else { return nil }
        let layer = parameter.name.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
        return tinyNormal(parameter.count, standardDeviation: 0.2, seed: layer)
    }
}
