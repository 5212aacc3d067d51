extension Tape {
    /// `Z = Y + [P P … P]` with P = H W, in Y's memory; H `[N, r]`, W `[r, n]` trainable, Y `[N, out]`, n divides out.
    ///
    ///     dP = Σ of dZ's shards of n columns,   dW = Hᵀ dP,   dH = dP Wᵀ,   dY = dZ
    public func add(_ h: Variable, timesTiled weight: Variable, to y: Variable) -> Variable {
        let (width, memory) = (weight.value.columns, engine.memory)
        precondition(y.value.columns % width == 0, "tiles of \(width) columns in \(y.value.columns)")
        let isWhole = width == y.value.columns
        if isWhole {
            BLAS.multiply(h.value, weight.value, into: y.value, accumulate: true, engine: engine)
        } else {
            let product = memory.activation(rows: h.value.rows, columns: width)
            BLAS.multiply(h.value, weight.value, into: product, engine: engine)
            Shards.tile(product, into: y.value, accumulate: true, engine: engine)
        }
        let output = Variable(
            y.value, requiresGradient: y.requiresGradient || h.requiresGradient || weight.requiresGradient)
        record(output) { [engine] dZ in
            var dProduct = dZ
            if !isWhole {
                dProduct = memory.activation(rows: dZ.rows, columns: width)
                Shards.sum(dZ, into: dProduct, engine: engine)
            }
            weight.addGradient(memory) { dW, accumulate in
                BLAS.multiply(transposed: h.value, dProduct, into: dW, accumulate: accumulate, engine: engine)
            }
            h.addGradient(memory) { dH, accumulate in
                BLAS.multiply(dProduct, transposed: weight.value, into: dH, accumulate: accumulate, engine: engine)
            }
            y.adoptGradient(dZ, engine: engine)
        }
        return output
    }
}
