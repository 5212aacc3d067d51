extension Tape {
    /// `P = X Aᵀ` for the first columns of a constant A; X `[N, n]`, A `[r, ≥ n]`, P `[N, r]`.
    ///
    ///     dX = dP A      (no dA)
    public func multiply(_ x: Variable, transposedPartOf a: Tensor) -> Variable {
        let (rows, columns, rank) = (x.value.rows, x.value.columns, a.rows)
        precondition(columns <= a.columns, "the first \(columns) columns of [\(rank), \(a.columns)]")
        let p = engine.memory.activation(rows: rows, columns: rank)
        BLAS.gemm(
            engine.threads, transposeA: false, transposeB: true, m: rows, n: rank, k: columns, alpha: 1,
            a: x.value.pointer, lda: columns, b: a.pointer, ldb: a.columns, beta: 0, c: p.pointer, ldc: rank)
        let output = Variable(p, requiresGradient: x.requiresGradient)
        record(output) { [engine] dP in
            x.addGradient(engine.memory) { dX, accumulate in
                BLAS.gemm(
                    engine.threads, transposeA: false, transposeB: false, m: rows, n: columns, k: rank, alpha: 1,
                    a: dP.pointer, lda: rank, b: a.pointer, ldb: a.columns, beta: accumulate ? 1 : 0, c: dX.pointer,
                    ldc: columns)
            }
        }
        return output
    }
}
