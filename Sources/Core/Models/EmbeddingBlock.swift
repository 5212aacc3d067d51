public import CatenaEngine

/// The first block: the vectors `[N, D]` of the tokens, with those of their positions and types where a model learns them, and a
/// norm where a model has one here.
public final class EmbeddingBlock: Block {
    /// `[V, D]`.
    public let tokens: TokenEmbedding
    /// Added to the tokens' vectors; nil for models with rotary positions.
    public let positions: PositionEmbedding?
    /// `[token types, D]`, added to the tokens' vectors; nil for models without.
    let types: TokenEmbedding?
    /// Of the sum; nil for none.
    private let norm: Norm?
    /// Factor of the tokens' vectors.
    private let scale: Float?

    init(tokens: TokenEmbedding, positions: PositionEmbedding?, types: TokenEmbedding?, norm: Norm?, scale: Float?) {
        (self.tokens, self.positions, self.types) = (tokens, positions, types)
        (self.norm, self.scale) = (norm, scale)
    }

    public var id: BlockID { .embedding }
    public var reads: [StreamName] { [] }
    public var linears: [Linear] { [] }
    public var normVectors: [LayerVector] { norm?.vectors ?? [] }
    public var isTrained: Bool {
        tables.contains(where: \.isTrainable) || normVectors.contains(where: \.isTrained)
    }
    /// The backward pass adds rows to a trained table and multiplies with nothing.
    public var keepsItsTape: Bool { true }
    public var cost: BlockCost { BlockCost() }

    /// Its tables of vectors.
    public var tables: [TokenEmbedding] { [tokens, types, positions?.table].compactMap { $0 } }

    public func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        var vectors = tokens.forward(batch.inputIds, on: tape)
        if let scale { vectors = tape.scaled(vectors, by: scale) }
        if let types {
            let ids = batch.tokenTypes ?? [Int32](repeating: 0, count: batch.tokenCount)
            vectors = tape.residual(vectors, types.forward(ids, on: tape))
        }
        if let positions { vectors = tape.residual(vectors, positions.forward(batch.layout, on: tape)) }
        return Streams(hidden: norm?.forward(vectors, on: tape) ?? vectors)
    }
}
