public import CatenaEngine

/// The first block: the vectors `[N, D]` of the tokens, with those of their positions where a model learns them.
public final class EmbeddingBlock: Block {
    /// `[V, D]`.
    public let tokens: TokenEmbedding
    /// Added to the tokens' vectors; nil for models with rotary positions.
    public let positions: PositionEmbedding?

    /// Factor of the tokens' vectors.
    private let scale: Float?

    init(tokens: TokenEmbedding, positions: PositionEmbedding?, scale: Float?) {
        (self.tokens, self.positions, self.scale) = (tokens, positions, scale)
    }

    public var id: BlockID { .embedding }
    public var reads: [StreamName] { [] }
    public var linears: [Linear] { [] }
    public var normVectors: [LayerVector] { [] }
    public var isTrained: Bool { tables.contains(where: \.isTrainable) }
    /// The backward pass adds rows to a trained table and multiplies with nothing.
    public var keepsItsTape: Bool { true }
    public var cost: BlockCost { BlockCost() }

    /// Its tables of vectors.
    var tables: [TokenEmbedding] { [tokens, positions?.table].compactMap { $0 } }

    public func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        var vectors = tokens.forward(batch.inputIds, on: tape)
        if let scale { vectors = tape.scaled(vectors, by: scale) }
        guard let positions else { return Streams(hidden: vectors) }
        return Streams(hidden: tape.residual(vectors, positions.forward(batch.layout, on: tape)))
    }
}
