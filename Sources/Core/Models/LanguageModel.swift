public import CatenaEngine
import CatenaFiles

/// A decoder-only language model as a list of blocks: embedding, layers, head.
///
/// Each block is a function of the hidden states over its frozen weights and adapters, so that blocks
/// can be recomputed or gathered one at a time.
public final class LanguageModel {
    /// Shape and options.
    public let configuration: DecoderConfiguration
    /// First block.
    public let embedding: TokenEmbedding
    /// Vectors of the positions, which the first block adds; nil for models with rotary positions.
    public let positions: PositionEmbedding?
    /// The transformer layers.
    public let layers: [any TransformerLayer]
    /// Last block.
    public let head: LanguageModelHead
    /// The head's own matrix; nil when it is the embedding's.
    public let separateHead: TokenEmbedding?
    /// Threads and memory of all computations.
    public let engine: Engine
    /// What brings a block's frozen matrices to where they are used; nil if all are always there.
    public let residency: (any BlockResidency)?
    /// What the user should know about the files that it and its adapter were read from, a sentence each.
    public internal(set) var notes: [String] = []
    /// The files that it was read from; nil if there are none.
    var files: WeightFiles?
    /// The present adapters; see ``install(_:)``.
    public internal(set) var attached: AttachedAdapter?

    /// Builds the model from `weights`.
    public init(configuration: DecoderConfiguration, weights: any WeightProvider, engine: Engine) throws {
        self.configuration = configuration
        self.engine = engine
        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        let style = configuration.layerNormStyle
        func table(_ name: String, rows: Int, in block: ModelBlock) throws -> TokenEmbedding {
            TokenEmbedding(name: name, weight: try weights.matrix(name, rows: rows, columns: width, in: block))
        }
        residency = weights.residency
        embedding = try table(style?.names.tokens ?? "model.embed_tokens.weight", rows: vocabulary, in: .embedding)
        positions = try style.map { style in
            PositionEmbedding(
                table: try table(
                    style.names.positions, rows: configuration.maximumPositions + style.positionOffset,
                    in: .embedding),
                offset: style.positionOffset)
        }
        separateHead = configuration.tiesEmbeddings ? nil : try table("lm_head.weight", rows: vocabulary, in: .head)
        if let style {
            layers = try (0..<configuration.layerCount).map {
                try LayerNormDecoderLayer(index: $0, configuration: configuration, style: style, weights: weights)
            }
        } else {
            let rotary = configuration.rotaryTable(memory: engine.memory)
            layers = try (0..<configuration.layerCount).map {
                try DecoderLayer(index: $0, configuration: configuration, rotary: rotary, weights: weights)
            }
        }
        let norm = try Norm(
            style == nil ? .rootMeanSquare : .layer, path: style?.names.finalNorm ?? "model.norm", width: width,
            epsilon: configuration.normEpsilon, weights: weights)
        head = LanguageModelHead(
            configuration: configuration, norm: norm, projection: separateHead ?? embedding)
    }

    /// All linear layers inside the transformer layers, in the order of a forward pass.
    public var linears: [Linear] { layers.flatMap(\.linears) }

    /// The vectors `[N, D]` that enter the first layer.
    func embed(_ ids: [Int32], layout: SequenceLayout, on tape: Tape) -> Variable {
        let tokens = embedding.forward(ids, on: tape)
        guard let positions else { return tokens }
        return tape.residual(tokens, positions.forward(layout, on: tape))
    }

    /// The hidden states `[N, D]` that leave the last layer, without recording anything.
    ///
    /// - Parameter keptFactors: for many passes between which nothing is trained; nil for a single one.
    public func hiddenStates(_ ids: [Int32], layout: SequenceLayout, keptFactors: KeptFactors? = nil) -> Tensor {
        engine.memory.expectTokens(ids.count)
        let tape = keptFactors.map { Tape(engine: engine, keeping: $0) } ?? Tape(engine: engine, isRecording: false)
        var hidden = embed(ids, layout: layout, on: tape)
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

    /// The tables of vectors: tokens, positions, head.
    var tables: [TokenEmbedding] { [embedding, positions?.table, separateHead].compactMap { $0 } }

    /// The vectors of all norms, in the order of a forward pass.
    var normVectors: [LayerVector] { layers.flatMap(\.normVectors) + head.norm.vectors }

    /// Every weight with its name and shape in files as the model now is.
    public func namedWeights(_ body: (_ name: String, _ shape: [Int], _ value: Tensor) throws -> Void) rethrows {
        for table in tables { try body(table.name, [table.rows, table.columns], table.current(engine.memory)) }
        for vector in normVectors { try body(vector.name, [vector.value.count], vector.value) }
        for linear in linears {
            try body(linear.path + ".weight", linear.storedShape, linear.mergedStoredWeight(engine: engine))
            if let bias = linear.bias, let value = linear.mergedBias(engine: engine) {
                try body(bias.name, [value.count], value)
            }
        }
    }

    /// Checks that a sequence of `tokenCount` tokens has a position for each.
    ///
    /// Rotary positions go on without end, learned ones do not.
    ///
    /// - Throws: ``ModelError/sequenceTooLong(tokenCount:positions:)``.
    public func requirePositions(_ tokenCount: Int) throws(ModelError) {
        guard positions == nil || tokenCount <= configuration.maximumPositions else {
            throw .sequenceTooLong(tokenCount: tokenCount, positions: configuration.maximumPositions)
        }
    }
}
