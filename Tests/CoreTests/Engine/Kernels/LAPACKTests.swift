import CatenaEngine
import Testing

/// A 5 x 4 matrix with its decompositions by numpy and torch, from Tests/Reference/spectral_values.py.
enum SpectralFixture {
    static let w: [Float] = [
        0.5, -1.25, 2.0, 0.1, -0.3, 0.8, 0.45, -1.5, 1.1, 0.2, -0.7, 0.9, -2.2, 0.6, 0.35, 1.3, 0.05, -0.4, 1.6, -0.15,
    ]
    static let sigma = [2.9824895, 2.7165959, 2.1351487, 0.69173912]
    static let u: [Float] = [
        0.77180587, 0.13330074, -0.29298235, -0.051771871, 0.096300875, 0.032032869, 0.8093142, 0.47161518, -0.18685442,
        -0.35259478, -0.4781393, 0.76454863, -0.31095823, 0.90126187, -0.17457299, 0.19901323, 0.51325651, 0.21120788,
        0.0088853933, 0.38827558,
    ]
    static let vT: [Float] = [
        0.28876673, -0.4415657, 0.81479591, -0.24029384, -0.84776298, 0.090096356, 0.43481139, 0.29003383, -0.24856996,
        0.37924923, 0.030930064, -0.89074482, 0.36895078, 0.80812895, 0.38221722, 0.25438734,
    ]
}

@Suite("LAPACK")
struct LAPACKTests {
    private let engine = Engine(threads: 1)

    private func tensor(_ values: [Float], rows: Int, columns: Int) -> Tensor {
        engine.memory.tensor(values, rows: rows, columns: columns)
    }

    @Test("singular values and vectors are those of numpy, with the sign rule", arguments: [1, 2, 4, 9])
    func numpy(count: Int) throws {
        let w = tensor(SpectralFixture.w, rows: 5, columns: 4)
        let found = try LAPACK.singularValues(of: w, count: count, named: "W", engine: engine)
        let kept = min(count, 4)
        #expect(found.count == kept)
        #expect(zip(found.values, SpectralFixture.sigma).allSatisfy { abs($0 - $1) < 1e-6 })
        let u = (0..<5).flatMap { SpectralFixture.u[$0 * 4..<$0 * 4 + kept] }
        #expect(normwiseError(found.u.elements(), u) < 1e-6)
        #expect(normwiseError(found.vT.elements(), Array(SpectralFixture.vT[..<(4 * kept)])) < 1e-6)
        #expect(w.elements() == SpectralFixture.w)
    }

    @Test("any matrix is the product of its parts", arguments: [(23, 7), (7, 23), (16, 16), (1, 5)])
    func product(rows: Int, columns: Int) throws {
        let values = tinyNormal(rows * columns, seed: 4)
        let found = try LAPACK.singularValues(
            of: tensor(values, rows: rows, columns: columns), count: min(rows, columns), named: "W", engine: engine)
        let diagonal = DoubleMatrix(rows: found.count, columns: found.count) { $0 == $1 ? found.values[$0] : 0 }
        #expect(normwiseError((DoubleMatrix(found.u) * diagonal * DoubleMatrix(found.vT)).floats, values) < 1e-6)
        let identity = DoubleMatrix.identity(found.count)
        for gram in [
            DoubleMatrix(found.u).transposed * DoubleMatrix(found.u),
            DoubleMatrix(found.vT) * DoubleMatrix(found.vT).transposed,
        ] {
            #expect((gram - identity).values.allSatisfy { abs($0) < 1e-6 })
        }
        #expect(zip(found.values, found.values.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test("a matrix of lower rank, and zero, have orthonormal vectors too")
    func lowRank() throws {
        for values in [[Float](repeating: 0, count: 12), (0..<12).map { Float($0 % 4) }] {
            let found = try LAPACK.singularValues(
                of: tensor(values, rows: 3, columns: 4), count: 3, named: "W", engine: engine)
            let gram = DoubleMatrix(found.u).transposed * DoubleMatrix(found.u)
            #expect((gram - .identity(3)).values.allSatisfy { abs($0) < 1e-6 })
            #expect(found.values[1...].allSatisfy { abs($0) < 1e-6 })
        }
    }

    @Test("orthonormal rows span what the rows spanned, with a triangular factor of positive diagonal")
    func rows() throws {
        let (count, length) = (4, 9)
        let before = DoubleMatrix.normal(rows: count, columns: length, seed: 6)
        let matrix = tensor(before.floats, rows: count, columns: length)
        try LAPACK.orthonormaliseRows(of: matrix, named: "W", engine: engine)
        let after = DoubleMatrix(matrix)
        #expect((after * after.transposed - .identity(count)).values.allSatisfy { abs($0) < 1e-6 })
        // Mᵀ = Q R with R = Qᵀ Mᵀ.
        let r = after * before.transposed
        #expect(normwiseError((r.transposed * after).floats, before.floats) < 1e-6)
        for row in 0..<count {
            #expect(r[row, row] > 0)
            for column in 0..<row { #expect(abs(r[row, column]) < 1e-6) }
        }
    }

    @Test("numbers that are not finite are refused with the matrix's name")
    func notFinite() throws {
        var values = SpectralFixture.w
        values[7] = .nan
        let w = tensor(values, rows: 5, columns: 4)
        #expect(throws: LAPACK.Failure.notFinite(matrix: "layers.3")) {
            try LAPACK.singularValues(of: w, count: 2, named: "layers.3", engine: engine)
        }
        #expect(LAPACK.Failure.notFinite(matrix: "layers.3").description.contains("layers.3 holds numbers"))
        #expect(throws: LAPACK.Failure.self) {
            try LAPACK.orthonormaliseRows(of: tensor(values, rows: 4, columns: 5), named: "W", engine: engine)
        }
    }
}
