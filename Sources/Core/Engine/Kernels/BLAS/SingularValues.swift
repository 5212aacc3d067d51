/// The leading part of a singular value decomposition, `M ≈ U diag(σ) Vᵀ`.
///
/// A pair of vectors may change its sign together; here the element of largest size of each column of U is positive (the
/// first one of several equals).
public struct SingularValues {
    /// U, `[m, k]`; its columns are orthonormal.
    public let u: Tensor
    /// σ, falling.
    public let values: [Double]
    /// Vᵀ, `[k, n]`; its rows are orthonormal.
    public let vT: Tensor

    /// How many there are.
    public var count: Int { values.count }

    mutating func fixSigns() {
        let (width, length) = (u.columns, vT.columns)
        for index in 0..<count {
            var largest: Float = 0
            for row in 0..<u.rows where abs(u.pointer[row * width + index]) > abs(largest) {
                largest = u.pointer[row * width + index]
            }
            guard largest < 0 else { continue }
            for row in 0..<u.rows { u.pointer[row * width + index].negate() }
            for column in 0..<length { vT.pointer[index * length + column].negate() }
        }
    }
}

/// How singular vectors are found.
package enum SpectralDecomposition: Equatable, Sendable {
    /// By LAPACK, of the whole matrix.
    case exact
    /// In a random subspace that is turned towards the leading vectors by power iterations.
    case randomised(iterations: Int, seed: UInt64)

    /// The `count` largest singular values of `matrix` `[m, n]` with their vectors.
    ///
    /// Randomised, with q = `subspace` ≥ `count` and Ω `[n, q]` normal:
    ///
    ///     Q = qr(M Ω);   `iterations` times: P = qr(Mᵀ Q), Q = qr(M P);   Qᵀ M = Ũ diag(σ) Vᵀ,   U = Q Ũ
    ///
    /// - Source: Halko, Martinsson, Tropp 2011, *Finding structure with randomness*, arXiv:0909.4061, algorithm 4.4, as
    ///   torch's `svd_lowrank`.
    package func leading(
        _ count: Int, of matrix: Tensor, subspace: Int, named name: String, engine: Engine
    ) throws -> SingularValues {
        guard case .randomised(let iterations, let seed) = self else {
            return try LAPACK.singularValues(of: matrix, count: count, named: name, engine: engine)
        }
        let size = min(max(subspace, count), matrix.rows, matrix.columns)
        let memory = engine.memory
        let right = memory.tensor(rows: size, columns: matrix.columns)
        let left = memory.tensor(rows: size, columns: matrix.rows)
        SeededGenerator(seed: seed, purpose: "randomised-svd", name: name).fillNormal(
            UnsafeMutableBufferPointer(start: right.pointer, count: right.count))
        for iteration in 0...iterations {
            if iteration > 0 {
                BLAS.multiply(left, matrix, into: right, engine: engine)
                try LAPACK.orthonormaliseRows(of: right, named: name, engine: engine)
            }
            BLAS.multiply(right, transposed: matrix, into: left, engine: engine)
            try LAPACK.orthonormaliseRows(of: left, named: name, engine: engine)
        }
        BLAS.multiply(left, matrix, into: right, engine: engine)
        let small = try LAPACK.singularValues(of: right, count: count, named: name, engine: engine)
        let u = memory.tensor(rows: matrix.rows, columns: small.count)
        BLAS.multiply(transposed: left, small.u, into: u, engine: engine)
        var result = SingularValues(u: u, values: small.values, vT: small.vT)
        result.fixSigns()
        return result
    }
}
