import CatenaEngine
import Testing

@Suite("Matrix products")
struct BLASTests {
    struct Shape: CustomStringConvertible {
        var m, n, k: Int
        var transposeA = false, transposeB = false
        var description: String { "\(transposeA ? "T" : "N")\(transposeB ? "T" : "N") \(m)x\(n)x\(k)" }
    }

    /// Odd sizes on every path: the packed kernel with one and several runs of k and of columns, OpenBLAS, the narrow
    /// kernels, few rows.
    static let shapes: [Shape] =
        [false, true].flatMap { a in
            [false, true].flatMap { b in
                [
                    (130, 97, 71), (97, 300, 129), (1, 65, 33), (5, 67, 100), (16, 130, 19), (200, 83, 8), (131, 64, 4),
                    (129, 8, 77), (150, 24, 50), (100, 3, 65), (8, 83, 300), (11, 96, 70), (83, 8, 300), (70, 5, 31),
                    (257, 61, 17), (66, 1, 1), (2, 2, 0), (70, 70, 0), (101, 83, 1217), (97, 3130, 66), (393, 70, 68),
                ].map { Shape(m: $0.0, n: $0.1, k: $0.2, transposeA: a, transposeB: b) }
            }
        }

    @Test("any shape, transposition, leading dimension, alpha and beta equals the plain sum", arguments: shapes)
    func matchesReference(shape: Shape) {
        var noise = Noise(UInt64(shape.m * 1000 + shape.n))
        let (m, n, k) = (shape.m, shape.n, shape.k)
        let lda = (shape.transposeA ? m : k) + 3, ldb = (shape.transposeB ? k : n) + 2, ldc = n + 5
        // Exactly as many elements as the last row needs, so that reading beyond it would be seen by a sanitizer.
        let a = noise.floats(max(1, ((shape.transposeA ? k : m) - 1) * lda + (shape.transposeA ? m : k)))
        let b = noise.floats(max(1, ((shape.transposeB ? n : k) - 1) * ldb + (shape.transposeB ? k : n)))
        let c = noise.floats(m * ldc)
        for (alpha, beta) in [(Float(1), Float(0)), (0.5, 1), (-2, 0.25)] {
            let expected = Naive.gemm(
                transposeA: shape.transposeA, transposeB: shape.transposeB, m: m, n: n, k: k, alpha: Double(alpha),
                a: a,
                lda: lda, b: b, ldb: ldb, beta: Double(beta), c: c, ldc: ldc)
            for pool in pools {
                var result = c
                BLAS.gemm(
                    pool, transposeA: shape.transposeA, transposeB: shape.transposeB, m: m, n: n, k: k, alpha: alpha,
                    a: a,
                    lda: lda, b: b, ldb: ldb, beta: beta, c: &result, ldc: ldc)
                #expect(relativeError(result, expected) < 2e-6, "\(pool.threads) threads, alpha \(alpha), beta \(beta)")
            }
            var serial = c
            BLAS.gemmSerial(
                transposeA: shape.transposeA, transposeB: shape.transposeB, m: m, n: n, k: k, alpha: alpha, a: a,
                lda: lda,
                b: b, ldb: ldb, beta: beta, c: &serial, ldc: ldc)
            #expect(relativeError(serial, expected) < 2e-6)
        }
    }

    @Test(
        "a sum of two products equals the plain sum, with the same bits on any number of threads",
        arguments: [
            (130, 97, 71, 8), (101, 83, 1217, 5), (300, 576, 576, 60), (97, 64, 560, 80), (20, 40, 100, 3),
            (96, 48, 60, 0),
        ], [false, true])
    func sumOfProducts(shape: (m: Int, n: Int, k: Int, r: Int), transposeB: Bool) {
        var noise = Noise(UInt64(shape.m))
        let (m, n, k, r) = (shape.m, shape.n, shape.k, shape.r)
        let a = noise.floats(m * k), b = noise.floats(n * k), u = noise.floats(m * r + 1), v = noise.floats(n * r + 1)
        let c = noise.floats(m * n)
        for beta in [Float(0), 1] {
            let first = Naive.gemm(
                transposeA: false, transposeB: transposeB, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b,
                ldb: transposeB ? k : n, beta: Double(beta), c: c, ldc: n)
            let second = Naive.gemm(
                transposeA: false, transposeB: transposeB, m: m, n: n, k: r, alpha: 2, a: u, lda: r, b: v,
                ldb: transposeB ? r : n, beta: 0, c: c, ldc: n)
            let (values, identical) = sameOnAllPools { pool in
                var result = c
                BLAS.gemmSum(
                    pool, m: m, n: n,
                    ProductTerm(transposeB: transposeB, k: k, a: a, b: b, ldb: transposeB ? k : n),
                    ProductTerm(transposeB: transposeB, k: r, alpha: 2, a: u, b: v, ldb: transposeB ? r : n),
                    beta: beta, c: &result, ldc: n)
                return result
            }
            #expect(relativeError(values, zip(first, second).map { $0 + $1 }) < 2e-6, "beta \(beta)")
            #expect(identical, "beta \(beta)")
        }
    }

    @Test(
        "the gradients of a low-rank change equal two plain products, with the same bits on any number of threads",
        arguments: [
            (300, 576, 8), (131, 100, 5), (40, 3072, 16), (5000, 33, 1), (257, 48, 64), (130, 90, 70), (4, 9, 1),
        ])
    func lowRankGradients(shape: (tokens: Int, out: Int, rank: Int)) {
        let (tokens, out, rank) = shape
        var noise = Noise(UInt64(tokens))
        let dY = noise.floats(tokens * out), h = noise.floats(tokens * rank), b = noise.floats(out * rank)
        let start = noise.floats(out * rank)
        for beta in [Float(0), 1] {
            let dH = Naive.gemm(
                transposeA: false, transposeB: false, m: tokens, n: rank, k: out, alpha: 0.5, a: dY, lda: out, b: b,
                ldb: rank, beta: 0, c: [Float](repeating: 0, count: tokens * rank), ldc: rank)
            let dB = Naive.gemm(
                transposeA: true, transposeB: false, m: out, n: rank, k: tokens, alpha: 0.5, a: dY, lda: out, b: h,
                ldb: rank, beta: Double(beta), c: start, ldc: rank)
            let (values, identical) = sameOnAllPools { pool in
                var results = (dH: [Float](repeating: .nan, count: tokens * rank), dB: start)
                if beta == 0 { results.dB = [Float](repeating: .nan, count: out * rank) }
                BLAS.lowRankGradients(
                    pool, tokens: tokens, out: out, rank: rank, alpha: 0.5, dY: dY, h: h, b: b, dH: &results.dH,
                    beta: beta, dB: &results.dB)
                return results.dH + results.dB
            }
            #expect(relativeError(Array(values.prefix(dH.count)), dH) < 2e-6, "beta \(beta)")
            #expect(relativeError(Array(values.suffix(dB.count)), dB) < 2e-6, "beta \(beta)")
            #expect(identical, "beta \(beta)")
        }
    }

    @Test(
        "the products of a training step give the same bits on any number of threads",
        arguments: [
            Shape(m: 300, n: 960, k: 576, transposeB: true), Shape(m: 300, n: 576, k: 960),
            Shape(m: 128, n: 1536, k: 576, transposeB: true),
            Shape(m: 300, n: 8, k: 576, transposeB: true), Shape(m: 300, n: 576, k: 8, transposeB: true),
            Shape(m: 8, n: 576, k: 300, transposeA: true), Shape(m: 576, n: 8, k: 300, transposeA: true),
            Shape(m: 2, n: 576, k: 576, transposeB: true), Shape(m: 256, n: 4096, k: 576, transposeB: true),
            Shape(m: 576, n: 192, k: 300, transposeA: true), Shape(m: 97, n: 200, k: 1217),
        ])
    func sameBits(shape: Shape) {
        var noise = Noise(7)
        let a = noise.floats(shape.m * shape.k), b = noise.floats(shape.n * shape.k)
        let (_, identical) = sameOnAllPools { pool in
            var c = [Float](repeating: 0, count: shape.m * shape.n)
            BLAS.gemm(
                pool, transposeA: shape.transposeA, transposeB: shape.transposeB, m: shape.m, n: shape.n, k: shape.k,
                alpha: 1, a: a, lda: shape.transposeA ? shape.m : shape.k, b: b,
                ldb: shape.transposeB ? shape.k : shape.n,
                beta: 0, c: &c, ldc: shape.n)
            return c
        }
        #expect(identical)
    }

    @Test(
        "a row of a product of few rows has the same bits whatever rows are beside it",
        arguments: [(64, 576), (67, 100), (5, 8), (193, 33)], [false, true])
    func fewRows(shape: (n: Int, k: Int), transposeB: Bool) {
        let (n, k) = shape
        var noise = Noise(UInt64(n))
        let a = noise.floats(BLAS.fewRows * k), b = noise.floats(n * k), start = noise.floats(BLAS.fewRows * n)
        func product(_ rows: Range<Int>, _ pool: ThreadPool) -> [UInt32] {
            var c = Array(start[rows.lowerBound * n..<rows.upperBound * n])
            a.withUnsafeBufferPointer { a in
                guard let first = a.baseAddress else { return }
                BLAS.gemm(
                    pool, transposeA: false, transposeB: transposeB, m: rows.count, n: n, k: k, alpha: 0.5,
                    a: first + rows.lowerBound * k, lda: k, b: b, ldb: transposeB ? k : n, beta: 0.25, c: &c, ldc: n)
            }
            return c.map(\.bitPattern)
        }
        let alone = (0..<BLAS.fewRows).map { product($0..<$0 + 1, pools[0]) }
        for pool in pools {
            for count in 2...BLAS.fewRows {
                for first in [0, BLAS.fewRows - count] {
                    let rows = first..<first + count
                    #expect(product(rows, pool) == Array(alone[rows].joined()), "rows \(rows)")
                }
            }
        }
    }

    @Test(
        "with beta 0, what C held does not matter, NaN included", arguments: [(130, 97, 71), (200, 80, 8), (3, 64, 64)])
    func betaZero(m: Int, n: Int, k: Int) {
        var c = [Float](repeating: .nan, count: m * n)
        let a = [Float](repeating: 1, count: m * k), b = [Float](repeating: 1, count: n * k)
        BLAS.gemm(
            pools[1], transposeA: false, transposeB: true, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b, ldb: k,
            beta: 0,
            c: &c, ldc: n)
        #expect(c.allSatisfy { $0 == Float(k) })
    }
}
