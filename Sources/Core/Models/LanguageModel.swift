/// A decoder-only language model as a list of blocks: embedding, layers, head.
///
/// Each block is a function of the hidden states over its frozen weights and adapters, so that blocks
/// can be recomputed or gathered one at a time.
public final class LanguageModel {
    /// Shape and options.
    public let configuration: DecoderConfiguration
    /// First block.
    public let embedding: TokenEmbedding
    /// The transformer layers.
    public let layers: [DecoderLayer]
    /// Last block.
    public let head: LanguageModelHead
    /// The head's own matrix; nil when it is the embedding's.
    public let separateHead: TokenEmbedding?
    /// Threads and memory of all computations.
    public let engine: Engine

    /// Builds the model from `weights`.
    public init(configuration: DecoderConfiguration, weights: any WeightProvider, engine: Engine) throws {
        self.configuration = configuration
        self.engine = engine
        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        embedding = TokenEmbedding(
            name: "model.embed_tokens.weight",
            table: try weights.table("model.embed_tokens.weight", rows: vocabulary, columns: width))
        separateHead =
            configuration.tiesEmbeddings
            ? nil
            : TokenEmbedding(
                name: "lm_head.weight",
                table: try weights.table("lm_head.weight", rows: vocabulary, columns: width))
        let rotary = RotaryTable(configuration: configuration, memory: engine.memory)
        layers = try (0..<configuration.layerCount).map {
            try DecoderLayer(index: $0, configuration: configuration, rotary: rotary, weights: weights)
        }
        let norm = LayerVector(
            name: "model.norm.weight", value: try weights.vector("model.norm.weight", count: width))
        head = LanguageModelHead(
            configuration: configuration, norm: norm, projection: separateHead ?? embedding)
    }

    /// All linear layers inside the transformer layers, in the order of a forward pass.
    public var linears: [Linear] { layers.flatMap(\.linears) }

    /// Makes every weight trainable; the order of the parameters is the order of a forward pass.
    public func makeAllTrainable() -> [Parameter] {
        var parameters = [embedding.makeTrainable()]
        for layer in layers {
            parameters += layer.norms.map { $0.makeTrainable() }
            parameters += layer.linears.flatMap { $0.makeTrainable() }
        }
        parameters.append(head.norm.makeTrainable())
        if let separateHead { parameters.append(separateHead.makeTrainable()) }
        return parameters
    }

    /// The hidden states `[N, D]` that leave the last layer, without recording anything.
    public func hiddenStates(_ ids: [Int32], layout: SequenceLayout) -> Tensor {
        engine.memory.expectTokens(ids.count)
        let tape = Tape(engine: engine, isRecording: false)
        var hidden = embedding.forward(ids, on: tape)
        for layer in layers {
            hidden = layer.forward(hidden, layout: layout, on: tape)
        }
        if let caches = layout.caches {
            for (index, cache) in caches.enumerated() {
                cache.advance(by: layout.segmentStarts[index + 1] - layout.segmentStarts[index])
            }
        }
        return hidden.value
    }

    /// Every weight with its name and shape as the model now is, for writing merged models.
    public func namedWeights(_ body: (_ name: String, _ shape: [Int], _ value: Tensor) throws -> Void) rethrows {
        let width = configuration.hiddenSize
        try body(embedding.name, [configuration.vocabularySize, width], embedding.value)
        for layer in layers {
            for norm in layer.norms { try body(norm.name, [norm.value.count], norm.value) }
            for linear in layer.linears {
                let weight = linear.currentWeight(engine.memory)
                let merged = linear.adapter?.merged(into: weight, engine: engine) ?? weight
                try body(linear.path + ".weight", [linear.outFeatures, linear.inFeatures], merged)
                if let bias = linear.bias { try body(bias.name, [bias.value.count], bias.value) }
            }
        }
        try body(head.norm.name, [width], head.norm.value)
        if let separateHead {
            try body(separateHead.name, [configuration.vocabularySize, width], separateHead.value)
        }
    }
}
