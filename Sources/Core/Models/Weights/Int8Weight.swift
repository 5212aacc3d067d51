package import CatenaEngine

/// A frozen matrix kept and multiplied as int8 codes.
///
///     W ≈ diag(s) Q,                     s_j = max_k |W_jk| / 127,   Q = ⌊diag(1/s) W⌉
///     Y  = X Wᵀ ≈ diag(σ) ⌊X⌉ Qᵀ diag(s)
///     dX = dY W ≈ diag(τ) ⌊dY diag(s)⌉ Q
///
/// where ⌊·⌉ of X and of dY diag(s) quantises each row to its own largest magnitude (σ, τ), in two digits of int8, which are
/// 15 bits and twice the products, or in one. X has two, since a few of its channels are far larger than the others.
package final class Int8Weight: FrozenWeight {
    package let outFeatures: Int
    package let inFeatures: Int
    /// The numbers as the model has them, which adapters, merges and exports read; nil when only the codes are left.
    private let original: (any FrozenWeight)?
    private let gradientDigits: Int
    private let codes: Int8Codes

    /// The matrix of `codes`.
    ///
    /// - Parameters:
    ///   - gradientDigits: 1 or 2, of dY.
    ///   - original: what ``decode(rows:into:)`` reads; nil: the codes.
    init(_ codes: Int8Codes, gradientDigits: Int, original: (any FrozenWeight)?) {
        (outFeatures, inFeatures) = (codes.rows, codes.columns)
        (self.codes, self.gradientDigits, self.original) = (codes, gradientDigits, original)
    }

    /// How many digits the gradient at the output of a matrix needs: 2 at the head's, since in a row of `softmax - onehot`
    /// one entry of about 1 stands beside thousands whose sum counts.
    package static func gradientDigits(isHead: Bool) -> Int { isHead ? 2 : 1 }

    package var storedBytes: Int { codes.byteCount }

    package func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        codes.multiply(x, transposed: false, digits: 2, into: y, accumulate: false, engine: engine)
    }

    package func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        codes.multiply(
            dY, transposed: true, digits: gradientDigits, into: dX, accumulate: accumulate, engine: engine)
    }

    package func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        if let original { return unsafe original.decode(rows: rows, into: destination) }
        unsafe codes.decode(rows: rows, into: destination)
    }
}
