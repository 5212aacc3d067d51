extension Tape {
    /// Rotates pairs (i, i + d/2) of each head by position · frequency, in X's memory; X `[N, heads · d]`.
    ///
    ///     dX = dY rotated by the negative angle
    func rotary(_ x: Variable, headDimension: Int, layout: SequenceLayout, table: RotaryTable) -> Variable {
        table.reserve(layout.positionLimit)
        rotate(x.value, headDimension: headDimension, layout: layout, table: table, inverse: false)
        let output = Variable(x.value, requiresGradient: x.requiresGradient)
        record(output) { [self] dY in
            rotate(dY, headDimension: headDimension, layout: layout, table: table, inverse: true)
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }

    private func rotate(
        _ x: Tensor, headDimension: Int, layout: SequenceLayout, table: RotaryTable, inverse: Bool
    ) {
        layout.positions.withUnsafeBufferPointer { positions in
            guard let positions = positions.baseAddress else { return }
            Kernels.rotary(
                engine.threads, x: x.pointer, ld: x.columns, rows: x.rows, heads: x.columns / headDimension,
                headDimension: headDimension, rotaryDimension: headDimension, positions: positions,
                cosine: table.cosine.pointer, sine: table.sine.pointer, inverse: inverse)
        }
    }
}
