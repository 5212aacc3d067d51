extension BLAS {
    /// `C = alpha A Bᵀ` (or `C += …`) for A `[m, k]`, B `[n, k]`, C `[m, n]`.
    static func multiply(
        _ a: Tensor, transposed b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.columns == b.columns && c.rows == a.rows && c.columns == b.rows, "A Bᵀ shapes")
        gemm(
            engine.threads, transposeA: false, transposeB: true, m: a.rows, n: b.rows, k: a.columns,
            alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
            beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
    }

    /// `C = alpha A B` (or `C += …`) for A `[m, k]`, B `[k, n]`, C `[m, n]`.
    static func multiply(
        _ a: Tensor, _ b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns, "A B shapes")
        gemm(
            engine.threads, transposeA: false, transposeB: false, m: a.rows, n: b.columns, k: a.columns,
            alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
            beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
    }

    /// `C = alpha Aᵀ B` (or `C += …`) for A `[k, m]`, B `[k, n]`, C `[m, n]`.
    static func multiply(
        transposed a: Tensor, _ b: Tensor, into c: Tensor, alpha: Float = 1, accumulate: Bool = false,
        engine: Engine
    ) {
        precondition(a.rows == b.rows && c.rows == a.columns && c.columns == b.columns, "Aᵀ B shapes")
        gemm(
            engine.threads, transposeA: true, transposeB: false, m: a.columns, n: b.columns, k: a.rows,
            alpha: alpha, a: a.pointer, lda: a.columns, b: b.pointer, ldb: b.columns,
            beta: accumulate ? 1 : 0, c: c.pointer, ldc: c.columns)
    }
}
