import CatenaEngine

/// How far the rows or the columns of a matrix are from orthonormal ones, and the way back.
///
///     ‖M‖ with M = A Aᵀ - I for rows of A, Bᵀ B - I for columns of B, [r, r]      Frobenius norm, not squared
///     d‖M‖ / dA = 2 M A / ‖M‖      d‖M‖ / dB = 2 B M / ‖M‖      0 where M = 0, which has no gradient
enum Orthonormality {
    /// Which vectors of a matrix are to be orthonormal.
    enum Vectors { case rows, columns }

    /// Adds `scale` times the gradient of ‖M‖ to `gradient` and returns ‖M‖.
    static func pull(
        _ vectors: Vectors, of matrix: Tensor, gradient: Tensor, scale: Double, engine: Engine
    ) -> Double {
        let rank = vectors == .rows ? matrix.rows : matrix.columns
        let distance = engine.memory.tensor(rows: rank, columns: rank)
        switch vectors {
        case .rows: BLAS.multiply(matrix, transposed: matrix, into: distance, engine: engine)
        case .columns: BLAS.multiply(transposed: matrix, matrix, into: distance, engine: engine)
        }
        for index in 0..<rank { unsafe distance.pointer[index * rank + index] -= 1 }
        let norm = unsafe Kernels.sumOfSquares(engine.threads, x: distance.pointer, count: distance.count).squareRoot()
        guard norm > 0 else { return 0 }
        let factor = Float(2 * scale / norm)
        switch vectors {
        case .rows: BLAS.multiply(distance, matrix, into: gradient, alpha: factor, accumulate: true, engine: engine)
        case .columns: BLAS.multiply(matrix, distance, into: gradient, alpha: factor, accumulate: true, engine: engine)
        }
        return norm
    }
}
