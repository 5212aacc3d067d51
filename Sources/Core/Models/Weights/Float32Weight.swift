public import CatenaEngine

/// A frozen matrix in float32: a view of a mapped file where possible, else decoded once.
public final class Float32Weight: FrozenWeight {
    /// W, `[outFeatures, inFeatures]`.
    public internal(set) var tensor: Tensor
    /// W as it was given, once something was merged into a copy of it.
    var loaded: Tensor?
    let isShared: Bool

    /// Wraps W; the given tensor is only read.
    ///
    /// - Parameter isShared: whether other processes read the same memory, so that a changed copy would cost what sharing saves.
    public init(_ tensor: Tensor, isShared: Bool = false) {
        self.tensor = tensor
        self.isShared = isShared
    }

    public var outFeatures: Int { tensor.rows }
    public var inFeatures: Int { tensor.columns }
    public var storedBytes: Int { tensor.count * MemoryLayout<Float>.stride }

    public var plain: Tensor? { tensor }

    public func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        BLAS.multiply(x, transposed: tensor, into: y, engine: engine)
    }

    public func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        BLAS.multiply(dY, tensor, into: dX, accumulate: accumulate, engine: engine)
    }

    public func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        let source = tensor.rows(rows)
        unsafe destination.update(from: source.pointer, count: source.count)
    }
}
