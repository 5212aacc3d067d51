extension Tape {
    /// Rotates pairs (i, i + d/2) of each head by position · frequency, in X's memory; X `[N, heads · d]`.
    ///
    ///     dX = dY rotated by the negative angle
    public func rotary(_ x: Variable, headDimension: Int, layout: SequenceLayout, table: RotaryTable) -> Variable {
        table.reserve(layout.positionLimit)
        table.rotate(x.value, headDimension: headDimension, layout: layout, inverse: false, engine: engine)
        let output = Variable(x.value, requiresGradient: x.requiresGradient)
        // The step must not hold the tape: a tape that is dropped without a backward pass has to go.
        record(output) { [engine] dY in
            GradientOwnership.willWrite(dY, heldBy: 0)
            table.rotate(dY, headDimension: headDimension, layout: layout, inverse: true, engine: engine)
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }
}

extension RotaryTable {
    fileprivate func rotate(
        _ x: Tensor, headDimension: Int, layout: SequenceLayout, inverse: Bool, engine: Engine
    ) {
        layout.positions.withUnsafeBufferPointer { positions in
            guard let positions = positions.baseAddress else { return }
            engine.measured(.rotary) {
                Kernels.rotary(
                    engine.threads, x: x.pointer, ld: x.columns, rows: x.rows, heads: x.columns / headDimension,
                    headDimension: headDimension, rotaryDimension: headDimension, positions: positions,
                    cosine: cosine.pointer, sine: sine.pointer, inverse: inverse)
            }
        }
    }
}
