public import CatenaEngine
package import CatenaFiles

/// A model as a list of blocks, the first of which reads the input, and a head. Most are language models: embedding, layers, head;
/// a family of image models makes other blocks.
///
/// Each block is a function of streams over its frozen weights and adapters, so that blocks can be recomputed or gathered
/// one at a time.
public final class LanguageModel {
    /// Shape and options.
    public let configuration: ModelConfiguration
    /// All blocks before the head, in the order of a forward pass.
    public let blocks: [any Block]
    /// The transformer layers among them.
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
        let family = try ModelFamily.named(configuration.family)
        guard let blocks = family.blocks, let head = configuration.sequenceHead else {
            try self.init(configuration: configuration, weights: weights, engine: engine, layers: family.layers)
            return
        }
        self.init(
            configuration, weights, engine, blocks: try blocks(configuration, weights, engine),
            head: try ClassificationHead(
                head, width: configuration.hiddenSize, norm: nil, weights: weights, memory: engine.memory))
    }

    /// Builds the model of blocks and a head that are there.
    private init(
        _ configuration: ModelConfiguration, _ weights: any WeightStore, _ engine: Engine, blocks: [any Block],
        head: any Head, separateHead: TokenEmbedding? = nil
    ) {
        (self.configuration, self.engine, residency) = (configuration, engine, weights.residency)
        (self.blocks, self.head, self.separateHead) = (blocks, head, separateHead)
        layers = blocks.compactMap { $0 as? any TransformerLayer }
    }

    /// Builds the model with the layers that `layers` makes.
    public convenience init(
        configuration: ModelConfiguration, weights: any WeightStore, engine: Engine,
        layers: (ModelConfiguration, any WeightStore, Engine) throws -> [any TransformerLayer]
    ) throws {
        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        let names = configuration.names
        func table(_ name: String, rows: Int, _ role: Role, in block: BlockID) throws -> TokenEmbedding {
            TokenEmbedding(
                name: name, weight: try weights.matrix(name, rows: rows, columns: width, role: role, in: block))
        }
        func norm(_ path: String, _ kind: Norm.Kind) throws -> Norm {
            try Norm(kind, path: path, width: width, epsilon: configuration.normEpsilon, weights: weights)
        }
        let tiesHead = configuration.tiesEmbeddings && configuration.sequenceHead == nil
        let embedding = EmbeddingBlock(
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
        let separateHead = hasOwnTable ? try table(names.head, rows: vocabulary, .head, in: .head) : nil
        let layers = try layers(configuration, weights, engine)
        let finalNorm = try names.finalNorm.map { try norm($0, configuration.finalNorm) }
        let head: any Head =
            if let sequenceHead = configuration.sequenceHead {
                try ClassificationHead(
                    sequenceHead, width: width, norm: finalNorm, weights: weights, memory: engine.memory)
            } else {
                LanguageModelHead(
                    configuration: configuration, norm: finalNorm, projection: separateHead ?? embedding.tokens)
            }
        self.init(
            configuration, weights, engine, blocks: [embedding] + layers, head: head, separateHead: separateHead)
    }

    /// The block that looks tokens up; nil where a model has none.
    public var embedding: EmbeddingBlock? { blocks.first as? EmbeddingBlock }

    /// All linear layers that may carry adapters, in the order of a forward pass: those of the blocks, then the head's.
    public var linears: [Linear] { blocks.flatMap(\.linears) + head.linears }

    /// The hidden states `[N, D]` that leave the last layer, without recording anything.
    ///
    /// - Parameter keptFactors: for many passes between which nothing is trained; nil for a single one.
    public func hiddenStates(_ ids: [Int32], layout: SequenceLayout, keptFactors: KeptFactors? = nil) -> Tensor {
        hiddenStates(of: Batch(inputIds: ids, layout: layout), keptFactors: keptFactors)
    }

    /// The same for a batch, whose token types or pixels count.
    ///
    /// - Parameter asInTraining: with the statistics of the batch, where a model that is trained has running ones.
    public func hiddenStates(
        of batch: Batch, keptFactors: KeptFactors? = nil, asInTraining: Bool = false
    ) -> Tensor {
        engine.memory.expectTokens(batch.tokenCount)
        let tape =
            keptFactors.map { Tape(engine: engine, keeping: $0) } ?? Tape(engine: engine, isRecording: asInTraining)
        let layout = batch.layout
        var streams = Streams(of: batch, memory: engine.memory)
        for block in blocks { streams.write(block.forward(streams, of: batch, on: tape)) }
        if let caches = layout.caches {
            for (index, cache) in caches.enumerated() {
                cache.advance(by: layout.segmentStarts[index + 1] - layout.segmentStarts[index])
            }
        }
        return streams[.hidden].value
    }

    /// The tables of vectors: tokens, positions, head.
    package var tables: [TokenEmbedding] { blocks.flatMap(\.tables) + (separateHead.map { [$0] } ?? []) }

    /// The vectors of all norms, in the order of a forward pass.
    package var normVectors: [LayerVector] { blocks.flatMap(\.normVectors) + head.normVectors }

    /// All statistics that follow the data in training.
    package var statistics: [RunningStatistics] { blocks.flatMap(\.statistics) }

    /// A tensor as files have it.
    package struct FiledTensor {
        package let name: String
        package let shape: [Int]
        /// Its numbers as the model now is; made anew at each call where an adapter is folded in.
        package let value: () -> Tensor
    }

    /// Every tensor with its name and shape in files.
    package var filedTensors: [FiledTensor] {
        let engine = engine
        func vector(_ vector: LayerVector) -> FiledTensor {
            FiledTensor(name: vector.name, shape: [vector.value.count]) { vector.value }
        }
        var tensors = tables.map { table in
            FiledTensor(name: table.name, shape: [table.rows, table.columns]) { table.current(engine.memory) }
        }
        tensors += normVectors.map(vector) + statistics.flatMap(\.filedVectors).map(vector)
        for convolution in blocks.flatMap(\.convolutions) {
            tensors.append(FiledTensor(name: convolution.name, shape: convolution.storedShape) { convolution.value })
            tensors += convolution.bias.map { [vector($0)] } ?? []
        }
        for linear in blocks.flatMap(\.linears) + head.wholeModules {
            tensors.append(
                FiledTensor(name: linear.path + ".weight", shape: linear.storedShape) {
                    linear.mergedStoredWeight(engine: engine)
                })
            guard let bias = linear.bias else { continue }
            tensors.append(
                FiledTensor(name: bias.name, shape: [bias.value.count]) {
                    linear.mergedBias(engine: engine) ?? bias.value
                })
        }
        return tensors
    }

    /// Every weight with its name and shape in files as the model now is.
    public func namedWeights(_ body: (_ name: String, _ shape: [Int], _ value: Tensor) throws -> Void) rethrows {
        for tensor in filedTensors { try body(tensor.name, tensor.shape, tensor.value()) }
    }

    /// Checks that a sequence of `tokenCount` tokens has a position for each.
    ///
    /// Rotary positions go on without end, learned ones do not.
    ///
    /// - Throws: ``ModelError/sequenceTooLong(tokenCount:positions:)``.
    public func requirePositions(_ tokenCount: Int) throws(ModelError) {
        guard embedding?.positions == nil || tokenCount <= configuration.maximumPositions else {
            throw .sequenceTooLong(tokenCount: tokenCount, positions: configuration.maximumPositions)
        }
    }
}
