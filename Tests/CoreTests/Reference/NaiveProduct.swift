/// Plain float64 forms of the kernels, one formula each: the truth that the fast ones are compared to.
enum Naive {
    /// alpha op(A) op(B) + beta C, row-major.
    static func gemm(
        transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double, a: [Float], lda: Int, b: [Float],
        ldb: Int, beta: Double, c: [Float], ldc: Int
    ) -> [Double] {
        var result = c.map(Double.init)
        for i in 0..<m {
            for j in 0..<n {
                var sum = 0.0
                for p in 0..<k {
                    sum +=
                        Double(a[transposeA ? p * lda + i : i * lda + p])
                        * Double(b[transposeB ? j * ldb + p : p * ldb + j])
                }
                result[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * Double(c[i * ldc + j]))
            }
        }
        return result
    }
}
