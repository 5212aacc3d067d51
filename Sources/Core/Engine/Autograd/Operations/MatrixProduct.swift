extension Tape {
    /// `C = A B` of two matrices whose rows are no tokens; A `[m, k]`, B `[k, n]`, C `[m, n]`.
    ///
    ///     dA = dC Bᵀ,   dB = Aᵀ dC      (C is made again in the backward pass rather than kept)
    public func product(_ a: Variable, _ b: Variable) -> Variable {
        let compute = { [engine] () -> Tensor in
            let c = engine.memory.tensor(rows: a.value.rows, columns: b.value.columns)
            BLAS.multiply(a.value, b.value, into: c, engine: engine)
            return c
        }
        let output = recomputable(compute(), requiresGradient: a.requiresGradient || b.requiresGradient, compute)
        record(output) { [engine] dC in
            a.addGradient(engine.memory) { dA, accumulate in
                BLAS.multiply(dC, transposed: b.value, into: dA, accumulate: accumulate, engine: engine)
            }
            b.addGradient(engine.memory) { dB, accumulate in
                BLAS.multiply(transposed: a.value, dC, into: dB, accumulate: accumulate, engine: engine)
            }
        }
        return output
    }
}
