extension BLAS {
    /// `C = alpha A Bᵀ` (or `C += …`) for A `[m, k]`, B `[n, k]`, C `[m, n]`.
    package static func multiply(
        _ a: Tensor, transposed b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.columns == b.columns && c.rows == a.rows && c.columns == b.rows, "A Bᵀ shapes")
        engine.measured(.thinProducts, operations: operations(c, depth: a.columns)) {
            gemm(
                engine.threads, transposeA: false, transposeB: true, m: a.rows, n: b.rows, k: a.columns,
                alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
                beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
        }
    }

    /// `C = alpha A B` (or `C += …`) for A `[m, k]`, B `[k, n]`, C `[m, n]`.
    package static func multiply(
        _ a: Tensor, _ b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns, "A B shapes")
        engine.measured(.thinProducts, operations: operations(c, depth: a.columns)) {
            gemm(
                engine.threads, transposeA: false, transposeB: false, m: a.rows, n: b.columns, k: a.columns,
                alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
                beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
        }
    }

    /// `C = alpha Aᵀ B` (or `C += …`) for A `[k, m]`, B `[k, n]`, C `[m, n]`.
    package static func multiply(
        transposed a: Tensor, _ b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.rows == b.rows && c.rows == a.columns && c.columns == b.columns, "Aᵀ B shapes")
        engine.measured(.thinProducts, operations: operations(c, depth: a.rows)) {
            gemm(
                engine.threads, transposeA: true, transposeB: false, m: a.columns, n: b.columns, k: a.rows,
                alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
                beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
        }
    }

    /// `C = A Bᵀ + alpha U Vᵀ` for A `[m, k]`, B `[n, k]`, U `[m, r]`, V `[n, r]`, C `[m, n]`, in one pass over C.
    static func multiply(
        _ a: Tensor, transposed b: Tensor, plus u: Tensor, transposed v: Tensor, alpha: Float, into c: Tensor,
        engine: Engine
    ) {
        precondition(a.columns == b.columns && c.rows == a.rows && c.columns == b.rows, "A Bᵀ shapes")
        precondition(u.columns == v.columns && c.rows == u.rows && c.columns == v.rows, "U Vᵀ shapes")
        gemmSum(
            engine.threads, m: c.rows, n: c.columns,
            ProductTerm(transposeB: true, k: a.columns, a: a.pointer, b: b.pointer, ldb: b.columns),
            ProductTerm(transposeB: true, k: u.columns, alpha: alpha, a: u.pointer, b: v.pointer, ldb: v.columns),
            beta: 0, c: c.pointer, ldc: c.columns)
    }

    /// `C = A B + U V` (or `C += …`) for A `[m, k]`, B `[k, n]`, U `[m, r]`, V `[r, n]`, C `[m, n]`, in one pass over C.
    static func multiply(
        _ a: Tensor, _ b: Tensor, plus u: Tensor, _ v: Tensor, into c: Tensor, accumulate: Bool, engine: Engine
    ) {
        precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns, "A B shapes")
        precondition(u.columns == v.rows && c.rows == u.rows && c.columns == v.columns, "U V shapes")
        gemmSum(
            engine.threads, m: c.rows, n: c.columns,
            ProductTerm(transposeB: false, k: a.columns, a: a.pointer, b: b.pointer, ldb: b.columns),
            ProductTerm(transposeB: false, k: u.columns, a: u.pointer, b: v.pointer, ldb: v.columns),
            beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
    }

    /// The gradients of `Y += alpha H Bᵀ` for H `[N, r]`, B `[out, r]`, dY `[N, out]`: `dH = alpha dY B` and
    /// `dB = alpha dYᵀ H` (or `dB += …`), in one reading of dY.
    static func lowRankGradients(
        of dY: Tensor, h: Tensor, b: Tensor, alpha: Float, into dH: Tensor, _ dB: Tensor, accumulate: Bool,
        engine: Engine
    ) {
        precondition(dY.rows == h.rows && dY.columns == b.rows && h.columns == b.columns, "H Bᵀ shapes")
        engine.measured(.thinProducts, operations: 2 * operations(dY, depth: h.columns)) {
            lowRankGradients(
                engine.threads, tokens: h.rows, out: b.rows, rank: h.columns, alpha: alpha, dY: dY.pointer,
                h: h.pointer, b: b.pointer, dH: dH.pointer, beta: accumulate ? 1 : 0, dB: dB.pointer)
        }
    }

    /// Floating-point operations of a product with the result `c`.
    private static func operations(_ c: Tensor, depth: Int) -> Double { 2 * Double(c.count) * Double(depth) }
}
