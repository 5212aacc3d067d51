extension Tape {
    /// `Z = Y + s (X Aᵀ Bᵀ - X A₀ᵀ B₀ᵀ)`, in Y's memory; X `[N, in]`, A, A₀ `[r, in]`, B, B₀ `[out, r]`, Y `[N, out]`, A₀ and B₀
    /// constant.
    ///
    ///     S = [A above A₀] [2r, in]    T = [B beside -B₀] [out, 2r]    H = X Sᵀ    Z = Y + s H Tᵀ
    ///     dH = s dZ T    dB = s dZᵀ H[:, ..<r]    dA = dH[:, ..<r]ᵀ X    dX = dH S    dY = dZ
    ///
    /// One pass over X, Y and their gradients where two thin products would make two each. S and T are made again in the
    /// backward pass.
    public func addDifference(
        of a: Variable, _ b: Variable, from origin: LowRankUpdate, scaling: Float, times x: Variable, to y: Variable
    ) -> Variable {
        let engine = engine
        let (rank, memory) = (a.value.rows, engine.memory)
        let stack = { () -> LowRankUpdate in
            let stacked = LowRankUpdate.concatenated([LowRankUpdate(a: a.value, b: b.value), origin], memory: memory)
            for row in 0..<stacked.b.rows {
                for column in rank..<stacked.rank { stacked.b.pointer[row * stacked.rank + column].negate() }
            }
            return stacked
        }
        let h = memory.activation(rows: x.value.rows, columns: rank + origin.rank)
        let first = stack()
        BLAS.multiply(x.value, transposed: first.a, into: h, engine: engine)
        BLAS.multiply(h, transposed: first.b, into: y.value, alpha: scaling, accumulate: true, engine: engine)
        let output = Variable(
            y.value, requiresGradient: [x, y, a, b].contains { $0.requiresGradient })
        record(output) { dZ in
            let stacked = stack()
            let dH = memory.activation(rows: h.rows, columns: h.columns)
            BLAS.multiply(dZ, stacked.b, into: dH, alpha: scaling, engine: engine)
            b.addGradient(memory) { dB, accumulate in
                BLAS.gemm(
                    engine.threads, transposeA: true, transposeB: false, m: dB.rows, n: rank, k: h.rows, alpha: scaling,
                    a: dZ.pointer, lda: dZ.columns, b: h.pointer, ldb: h.columns, beta: accumulate ? 1 : 0,
                    c: dB.pointer, ldc: rank)
            }
            a.addGradient(memory) { dA, accumulate in
                BLAS.gemm(
                    engine.threads, transposeA: true, transposeB: false, m: rank, n: dA.columns, k: h.rows, alpha: 1,
                    a: dH.pointer, lda: dH.columns, b: x.value.pointer, ldb: dA.columns, beta: accumulate ? 1 : 0,
                    c: dA.pointer, ldc: dA.columns)
            }
            x.addGradient(memory) { dX, accumulate in
                BLAS.multiply(dH, stacked.a, into: dX, accumulate: accumulate, engine: engine)
            }
            y.adoptGradient(dZ, engine: engine)
        }
        return output
    }
}
