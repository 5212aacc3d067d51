import CatenaEngine

/// Learned vectors of the positions, added to those of the tokens: row `position + offset` of a table.
public final class PositionEmbedding {
    /// `[positions + offset, D]`.
    let table: TokenEmbedding
    private let offset: Int32

    init(table: TokenEmbedding, offset: Int) {
        self.table = table
        self.offset = Int32(offset)
    }

    /// The vectors `[N, D]` of the rows' positions.
    func forward(_ layout: SequenceLayout, on tape: Tape) -> Variable {
        table.forward(layout.positions.map { $0 + offset }, on: tape)
    }
}
