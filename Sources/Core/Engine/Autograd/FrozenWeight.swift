/// The frozen matrix W `[outFeatures, inFeatures]` of a linear layer, however it is stored.
public protocol FrozenWeight: AnyObject {
    /// Rows of W.
    var outFeatures: Int { get }
    /// Columns of W.
    var inFeatures: Int { get }
    /// Bytes of memory that the stored form occupies.
    var storedBytes: Int { get }
    /// `Y = X Wᵀ` for X `[N, inFeatures]`, Y `[N, outFeatures]`.
    func multiply(_ x: Tensor, into y: Tensor, engine: Engine)
    /// `dX = dY W`, or `dX += dY W` with `accumulate`, for dY `[N, outFeatures]`.
    func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine)
    /// W where it is at hand in float32 as it is, so that a product can be fused with others; else nil.
    var plain: Tensor? { get }
    /// Writes the rows `rows` of W as float32 to `destination`.
    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>)
}

extension FrozenWeight {
    public var plain: Tensor? { nil }

    /// `Y = X Wᵀ + s H Bᵀ` for H `[N, r]` and B `[outFeatures, r]`.
    func multiply(_ x: Tensor, plus h: Tensor, _ b: Tensor, scaling: Float, into y: Tensor, engine: Engine) {
        if let plain {
            BLAS.multiply(x, transposed: plain, plus: h, transposed: b, alpha: scaling, into: y, engine: engine)
        } else {
            multiply(x, into: y, engine: engine)
            BLAS.multiply(h, transposed: b, into: y, alpha: scaling, accumulate: true, engine: engine)
        }
    }

    /// `dX = dY W + dH A`, or `dX += …` with `accumulate`, for dH `[N, r]` and A `[r, inFeatures]`.
    func multiplyTransposed(
        _ dY: Tensor, plus dH: Tensor, _ a: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine
    ) {
        if let plain {
            BLAS.multiply(dY, plain, plus: dH, a, into: dX, accumulate: accumulate, engine: engine)
        } else {
            multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
            BLAS.multiply(dH, a, into: dX, accumulate: true, engine: engine)
        }
    }

    /// W as float32, `[outFeatures, inFeatures]`.
    public func dequantised(_ memory: TensorMemory) -> Tensor {
        let result = memory.tensor(rows: outFeatures, columns: inFeatures)
        decode(rows: 0..<outFeatures, into: result.pointer)
        return result
    }
}
