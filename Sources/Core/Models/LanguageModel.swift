public import CatenaEngine
package import CatenaFiles

/// A language model as a list of blocks: embedding, layers, head.
///
/// Each block is a function of streams over its frozen weights and adapters, so that blocks can be recomputed or gathered
/// one at a time.
public final class LanguageModel {
    /// Shape and options.
    public let configuration: ModelConfiguration
    /// First block.
    public let embedding: EmbeddingBlock
    /// The transformer layers.
    public let layers: [any TransformerLayer]
    /// Last block.
    public let head: any Head
    /// The head's own matrix; nil when it is the embedding's.
    public let separateHead: TokenEmbedding?
    /// Threads and memory of all computations.
    public let engine: Engine
    /// What brings a block's frozen matrices to where they are used; nil if all are always there.
    public let residency: (any BlockResidency)?
    /// What the user should know about the files that it and its adapter were read from, a sentence each.
    public package(set) var notes: [String] = []
    /// The files that it was read from; nil if there are none.
    package var files: WeightFiles?
    /// The present adapters; see ``install(_:)``.
    public internal(set) var installed: (any AdapterSet)?
    /// Further adapters under names, not in the model and not trained; see ``with(adapterSet:_:)``.
    public var adapterSets: [String: any AdapterSet] = [:]
    /// Everything, where the model itself is trained.
    package var wholeTraining: (any AdapterSet)?

    /// Builds the model from `weights`.
    public convenience init(configuration: ModelConfiguration, weights: any WeightStore, engine: Engine) throws {
        try self.init(
            configuration: configuration, weights: weights, engine: engine,
            layers: try ModelFamily.named(configuration.family).layers)
    }

    /// Builds the model with the layers that `layers` makes.
    public init(
        configuration: ModelConfiguration, weights: any WeightStore, engine: Engine,
        layers: (ModelConfiguration, any WeightStore, Engine) throws -> [any TransformerLayer]
    ) throws {
        self.configuration = configuration
        self.engine = engine
        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        let names = configuration.names
        func table(_ name: String, rows: Int, _ role: Role, in block: BlockID) throws -> TokenEmbedding {
            TokenEmbedding(
                name: name, weight: try weights.matrix(name, rows: rows, columns: width, role: role, in: block))
        }
        residency = weights.residency
        func norm(_ path: String, _ kind: Norm.Kind) throws -> Norm {
            try Norm(kind, path: path, width: width, epsilon: configuration.normEpsilon, weights: weights)
        }
        let tiesHead = configuration.tiesEmbeddings && configuration.sequenceHead == nil
        embedding = EmbeddingBlock(
            tokens: try table(names.tokens, rows: vocabulary, tiesHead ? .head : .embedding, in: .embedding),
            positions: try names.positions.map { name in
                PositionEmbedding(
                    table: try table(
                        name, rows: configuration.maximumPositions + configuration.positionOffset, .embedding,
                        in: .embedding),
                    offset: configuration.positionOffset)
            },
            types: try names.tokenTypes.map {
                try table($0, rows: configuration.tokenTypes, .embedding, in: .embedding)
            },
            norm: try names.embeddingNorm.map { try norm($0, configuration.finalNorm) },
            scale: configuration.embeddingScale)
        let hasOwnTable = !configuration.tiesEmbeddings && configuration.sequenceHead == nil
        separateHead = hasOwnTable ? try table(names.head, rows: vocabulary, .head, in: .head) : nil
        self.layers = try layers(configuration, weights, engine)
        let finalNorm = try names.finalNorm.map { try norm($0, configuration.finalNorm) }
        head =
            if let sequenceHead = configuration.sequenceHead {
                try ClassificationHead(
                    sequenceHead, width: width, norm: finalNorm, weights: weights, memory: engine.memory)
            } else {
                LanguageModelHead(
                    configuration: configuration, norm: finalNorm, projection: separateHead ?? embedding.tokens)
            }
    }

    /// All blocks before the head, in the order of a forward pass.
    public var blocks: [any Block] { [embedding] + layers }

    /// All linear layers that may carry adapters, in the order of a forward pass: those of the transformer layers, then the head's.
    public var linears: [Linear] { layers.flatMap(\.linears) + head.linears }

    /// The hidden states `[N, D]` that leave the last layer, without recording anything.
    ///
    /// - Parameter keptFactors: for many passes between which nothing is trained; nil for a single one.
    public func hiddenStates(_ ids: [Int32], layout: SequenceLayout, keptFactors: KeptFactors? = nil) -> Tensor {
        hiddenStates(of: Batch(inputIds: ids, layout: layout), keptFactors: keptFactors)
    }

    /// The same for a batch, whose token types count.
    public func hiddenStates(of batch: Batch, keptFactors: KeptFactors? = nil) -> Tensor {
        engine.memory.expectTokens(batch.tokenCount)
        let tape = keptFactors.map { Tape(engine: engine, keeping: $0) } ?? Tape(engine: engine, isRecording: false)
        let layout = batch.layout
        var streams = Streams()
        for block in blocks { streams.write(block.forward(streams, of: batch, on: tape)) }
        if let caches = layout.caches {
            for (index, cache) in caches.enumerated() {
                cache.advance(by: layout.segmentStarts[index + 1] - layout.segmentStarts[index])
            }
        }
        return streams[.hidden].value
    }

    /// The tables of vectors: tokens, positions, head.
    package var tables: [TokenEmbedding] { embedding.tables + (separateHead.map { [$0] } ?? []) }

    /// The vectors of all norms, in the order of a forward pass.
    package var normVectors: [LayerVector] { embedding.normVectors + layers.flatMap(\.normVectors) + head.normVectors }

    /// All linear layers with a matrix of their own in files.
    package var filedLinears: [Linear] { layers.flatMap(\.linears) + head.wholeModules }

    /// Every weight with its name and shape in files as the model now is.
    public func namedWeights(_ body: (_ name: String, _ shape: [Int], _ value: Tensor) throws -> Void) rethrows {
        for table in tables { try body(table.name, [table.rows, table.columns], table.current(engine.memory)) }
        for vector in normVectors { try body(vector.name, [vector.value.count], vector.value) }
        for linear in filedLinears {
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
        guard embedding.positions == nil || tokenCount <= configuration.maximumPositions else {
            throw .sequenceTooLong(tokenCount: tokenCount, positions: configuration.maximumPositions)
        }
    }
}
