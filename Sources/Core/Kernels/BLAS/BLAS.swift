import CKernels

/// Matrix products over row-major float32 memory.
public enum BLAS {
    /// C = alpha op(A) op(B) + beta C with op(A) [m, k], op(B) [k, n] and C [m, n], split over the pool.
    ///
    /// With `beta` 0, C may hold anything, NaN included. Large products go to OpenBLAS, one slice of C for each thread; the
    /// narrow ones of low-rank adapters (k, n or m up to 64) to kernels of our own where those are faster.
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

    /// The same on the calling thread alone, for use inside the tasks of a pool.
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
