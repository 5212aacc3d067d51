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
    /// Writes the rows `rows` of W as float32 to `destination`.
    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>)
}

extension FrozenWeight {
    /// W as float32, `[outFeatures, inFeatures]`.
    public func dequantised(_ memory: TensorMemory) -> Tensor {
        let result = memory.tensor(rows: outFeatures, columns: inFeatures)
        decode(rows: 0..<outFeatures, into: result.pointer)
        return result
    }
}
