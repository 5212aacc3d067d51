/// A frozen matrix kept and multiplied as int8 codes.
///
///     W ≈ diag(s) Q diag(1/t),   s_j = max_k |W_jk t_k| / 127,   Q = round(diag(1/s) W diag(t))
///     Y  = X Wᵀ   ≈ diag(σ) ⌊X diag(1/t)⌉ Qᵀ diag(s)           dX = dY W   ≈ diag(τ) ⌊dY diag(s)⌉ Q diag(1/t)
///
/// where ⌊·⌉ quantises each row to its own largest magnitude (σ, τ). t smooths: `t_k = (max|X_k| / max|W_k|)^½` moves the
/// large input channels into the weights, which have room for them. Until ``quantise(engine:)`` the products are float32
/// and the largest magnitudes of the input channels are noted.
///
/// - Source: per-channel smoothing: Xiao et al., SmoothQuant, arXiv:2211.10438, with exponent ½.
public final class Int8Weight: FrozenWeight {
    public let outFeatures: Int
    public let inFeatures: Int
    /// The numbers as the model has them, which adapters, merges and exports read; nil when only the codes are left.
    private let original: (any FrozenWeight)?
    private let digits: Digits
    private var codes: Int8Codes?
    /// Largest magnitude of each input channel so far, `[1, inFeatures]`.
    public let inputMagnitudes: Tensor

    /// int8 digits of the quantised rows: 2 gives them 15 bits at twice the products.
    public struct Digits: Sendable {
        /// Of X.
        public let input: Int
        /// Of dY.
        public let gradient: Int

        /// One or two of each.
        public init(input: Int = 1, gradient: Int = 1) {
            (self.input, self.gradient) = (input, gradient)
        }

        /// The head: in a row of `softmax - onehot` one entry of about 1 stands beside thousands whose sum counts.
        public static let head = Digits(gradient: 2)
        /// The last matrix of the feed-forward part, whose input is a product of two layers' outputs: a few numbers are
        /// hundreds of times the others.
        public static let down = Digits(input: 2)
        /// Where no inputs were seen to smooth by.
        public static let uncalibrated = Digits(input: 2, gradient: 2)
    }

    /// A matrix that will be quantised when enough inputs were seen.
    public init(original: any FrozenWeight, digits: Digits = Digits(), memory: TensorMemory) {
        (outFeatures, inFeatures) = (original.outFeatures, original.inFeatures)
        self.original = original
        self.digits = digits
        inputMagnitudes = memory.zeros(rows: 1, columns: inFeatures)
    }

    /// Codes made at once, for input channels of equal magnitude.
    ///
    /// - Parameter keepsOriginal: whether ``decode(rows:into:)`` gives the numbers of `weight` and not the codes'.
    public init(
        quantising weight: any FrozenWeight, digits: Digits = Digits(), keepsOriginal: Bool = false, engine: Engine
    ) {
        (outFeatures, inFeatures) = (weight.outFeatures, weight.inFeatures)
        original = keepsOriginal ? weight : nil
        self.digits = digits
        inputMagnitudes = engine.memory.zeros(rows: 1, columns: inFeatures)
        inputMagnitudes.fill(1)
        codes = Self.codes(of: weight, inputMagnitudes: inputMagnitudes, engine: engine)
    }

    /// Whether the codes are made.
    public var isQuantised: Bool { codes != nil }

    public var storedBytes: Int { codes?.byteCount ?? original?.storedBytes ?? 0 }

    /// Makes the codes, smoothed by the input magnitudes that were seen.
    public func quantise(engine: Engine) {
        guard let original else { return }
        codes = Self.codes(of: original, inputMagnitudes: inputMagnitudes, engine: engine)
    }

    /// Notes the largest magnitude of each column of X.
    public func observe(_ x: Tensor) {
        let largest = inputMagnitudes.pointer
        for row in 0..<x.rows {
            let values = x.pointer + row * x.columns
            for column in 0..<x.columns { largest[column] = max(largest[column], abs(values[column])) }
        }
    }

    public func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        if let codes {
            return codes.multiply(
                x, transposed: false, digits: digits.input, into: y, accumulate: false, engine: engine)
        }
        observe(x)
        original?.multiply(x, into: y, engine: engine)
    }

    public func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        if let codes {
            return codes.multiply(
                dY, transposed: true, digits: digits.gradient, into: dX, accumulate: accumulate, engine: engine)
        }
        original?.multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
    }

    public func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        if let original { return original.decode(rows: rows, into: destination) }
        codes?.decode(rows: rows, into: destination)
    }

    private static func codes(of weight: any FrozenWeight, inputMagnitudes: Tensor, engine: Engine) -> Int8Codes {
        Int8Codes(
            rows: weight.outFeatures, columns: weight.inFeatures,
            factors: smoothing(of: weight, inputMagnitudes: inputMagnitudes, engine: engine), engine: engine
        ) { rows, destination in weight.decode(rows: rows, into: destination) }
    }

    /// `t_k = (max|X_k| / max|W_k|)^½`, and 1 for a channel that is zero on one side.
    private static func smoothing(of weight: any FrozenWeight, inputMagnitudes: Tensor, engine: Engine) -> Tensor {
        let t = engine.memory.zeros(rows: 1, columns: weight.inFeatures)
        let row = engine.memory.tensor(rows: 1, columns: weight.inFeatures)
        for index in 0..<weight.outFeatures {
            weight.decode(rows: index..<index + 1, into: row.pointer)
            for column in 0..<row.columns { t.pointer[column] = max(t.pointer[column], abs(row.pointer[column])) }
        }
        for column in 0..<t.columns {
            let ratio = inputMagnitudes.pointer[column] / t.pointer[column]
            t.pointer[column] = ratio.isFinite && ratio > 0 ? ratio.squareRoot() : 1
        }
        return t
    }
}
