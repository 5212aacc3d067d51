package import CatenaEngine

/// A frozen matrix in a form smaller than float32, from which a few rows at a time are decoded for a float32 product.
///
///     Y[:, R] = X W_Rᵀ,   dX = Σ_R dY[:, R] W_R       for each block R of rows
///
/// The block is what about 4 MB hold, whatever the number of threads; decoding costs a pass over the matrix in each product.
@safe package final class CompactWeight: FrozenWeight {
    package let outFeatures: Int
    package let inFeatures: Int
    package let storedBytes: Int
    /// The numbers as the model has them, where the compact form has others.
    private let original: (any FrozenWeight)?
    private let decodeRows: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    private static let blockElements = 1 << 20

    /// - Parameter decode: writes a range of rows as float32; called from several threads.
    init(
        rows: Int, columns: Int, storedBytes: Int, original: (any FrozenWeight)? = nil,
        decode: @escaping (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        (outFeatures, inFeatures, self.storedBytes) = (rows, columns, storedBytes)
        self.original = original
        unsafe decodeRows = decode
    }

    package func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        precondition(x.columns == inFeatures && y.columns == outFeatures && x.rows == y.rows, "X Wᵀ shapes")
        eachBlock(engine) { rows, block in
            unsafe BLAS.gemm(
                engine.threads, transposeA: false, transposeB: true, m: x.rows, n: rows.count, k: inFeatures, alpha: 1,
                a: x.pointer, lda: x.columns, b: block.pointer, ldb: inFeatures, beta: 0,
                c: y.pointer + rows.lowerBound, ldc: y.columns)
        }
    }

    package func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        precondition(dY.columns == outFeatures && dX.columns == inFeatures && dY.rows == dX.rows, "dY W shapes")
        eachBlock(engine) { rows, block in
            unsafe BLAS.gemm(
                engine.threads, transposeA: false, transposeB: false, m: dY.rows, n: inFeatures, k: rows.count,
                alpha: 1, a: dY.pointer + rows.lowerBound, lda: dY.columns, b: block.pointer, ldb: inFeatures,
                beta: accumulate || rows.lowerBound > 0 ? 1 : 0, c: dX.pointer, ldc: dX.columns)
        }
    }

    package func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        if let original { return unsafe original.decode(rows: rows, into: destination) }
        unsafe decodeRows(rows, destination)
    }

    private func eachBlock(_ engine: Engine, _ body: (Range<Int>, Tensor) -> Void) {
        let most = max(64, Self.blockElements / inFeatures / 64 * 64)
        let block = engine.memory.tensor(rows: min(most, outFeatures), columns: inFeatures)
        for start in stride(from: 0, to: outFeatures, by: most) {
            let rows = start..<min(start + most, outFeatures)
            engine.threads.runRows(rows.count, minimumPerTask: 8) { part in
                unsafe decodeRows(
                    start + part.lowerBound..<start + part.upperBound, block.pointer + part.lowerBound * inFeatures)
            }
            body(rows, block)
        }
    }
}
