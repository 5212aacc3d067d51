extension Tape {
    /// `Y = X + b` on every row, in X's memory; X `[N, n]`, b `[1, n]`.
    ///
    ///     dX = dY,   db = Σ rows of dY
    public func addBias(_ x: Variable, _ bias: Variable) -> Variable {
        let y = x.value
        Kernels.addRow(
            engine.threads, bias: bias.value.pointer, y: y.pointer, ld: y.columns, rows: y.rows,
            width: y.columns)
        let output = Variable(y, requiresGradient: x.requiresGradient || bias.requiresGradient)
        record(output) { [engine] dY in
            bias.addGradient(engine.memory) { dBias, accumulate in
                if !accumulate { dBias.fill(0) }
                Kernels.columnSum(
                    engine.threads, x: dY.pointer, ld: dY.columns, addedTo: dBias.pointer, rows: dY.rows,
                    width: dY.columns)
            }
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }
}
