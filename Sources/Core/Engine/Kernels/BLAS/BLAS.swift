import CKernels

/// Matrix products over row-major float32 memory.
public enum BLAS {
    /// With op(A) = A and at most this many rows, a row of C has the same bits whatever rows are beside it.
    public static let fewRows = Int(CK_FEW_ROWS)

    /// C = alpha op(A) op(B) + beta C with op(A) [m, k], op(B) [k, n] and C [m, n], split over the pool.
    ///
    /// With `beta` 0, C may hold anything, NaN included. The narrow products of low-rank adapters (k, n or m up to 64) go to
    /// kernels of our own, large ones too where there is AVX-512; the others to OpenBLAS, about one slice of C for each thread. The bits
    /// depend on the shape and the processor, never on the number of threads.
    public static func gemm(
        _ pool: ThreadPool, transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
        a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float,
        c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        ck_gemm(
            pool.handle, transposeA, transposeB, Int64(m), Int64(n), Int64(k), alpha, a, Int64(lda), b, Int64(ldb),
            beta,
            c, Int64(ldc))
    }

    /// C = alpha₁ A₁ op(B₁) + alpha₂ A₂ op(B₂) + beta C with Aᵢ [m, kᵢ], op(Bᵢ) [kᵢ, n] and C [m, n], in one pass over C
    /// where the packed kernel runs.
    public static func gemmSum(
        _ pool: ThreadPool, m: Int, n: Int, _ first: ProductTerm, _ second: ProductTerm, beta: Float,
        c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        withUnsafeTemporaryAllocation(of: ck_product.self, capacity: 2) { terms in
            terms.initializeElement(at: 0, to: first.product)
            terms.initializeElement(at: 1, to: second.product)
            ck_gemm_sum(pool.handle, Int64(m), Int64(n), terms.baseAddress, 2, beta, c, Int64(ldc))
        }
    }

    /// The gradients of Y += alpha H Bᵀ with H [tokens, rank], B [out, rank] and dY [tokens, out]: dH = alpha dY B and
    /// dB = alpha dYᵀ H + beta dB, in one reading of dY. With `beta` 0, dB may hold anything.
    public static func lowRankGradients(
        _ pool: ThreadPool, tokens: Int, out: Int, rank: Int, alpha: Float, dY: UnsafePointer<Float>,
        h: UnsafePointer<Float>, b: UnsafePointer<Float>, dH: UnsafeMutablePointer<Float>, beta: Float,
        dB: UnsafeMutablePointer<Float>
    ) {
        ck_low_rank_gradients(
            pool.handle, Int64(tokens), Int64(out), Int64(rank), alpha, dY, h, b, dH, beta, dB)
    }

    /// `gemm` by OpenBLAS whatever the shape: what `gemm` is measured against.
    public static func gemmByOpenBLAS(
        _ pool: ThreadPool, transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
        a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float,
        c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        ck_gemm_openblas(
            pool.handle, transposeA, transposeB, Int64(m), Int64(n), Int64(k), alpha, a, Int64(lda), b, Int64(ldb),
            beta, c, Int64(ldc))
    }

    /// `gemm` on the calling thread alone, for use inside the tasks of a pool.
    public static func gemmSerial(
        transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
        a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float,
        c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        ck_gemm_serial(
            transposeA, transposeB, Int64(m), Int64(n), Int64(k), alpha, a, Int64(lda), b, Int64(ldb), beta, c,
            Int64(ldc))
    }
}

/// One term `alpha A op(B)` of a sum of products; A `[m, k]` and B have no gaps between rows unless `ldb` says so.
public struct ProductTerm {
    let product: ck_product

    /// - Parameters:
    ///   - transposeB: whether B is `[n, k]` rather than `[k, n]`.
    ///   - ldb: elements from one row of B to the next.
    public init(
        transposeB: Bool, k: Int, alpha: Float = 1, a: UnsafePointer<Float>, b: UnsafePointer<Float>, ldb: Int
    ) {
        product = ck_product(
            transpose_a: false, transpose_b: transposeB, k: Int64(k), lda: Int64(k), ldb: Int64(ldb), alpha: alpha,
            a: a, b: b)
    }
}
