package import CatenaEngine

/// A frozen matrix in float32: a view of a mapped file where possible, else decoded once.
package final class Float32Weight: FrozenWeight {
    /// W, `[outFeatures, inFeatures]`.
    package internal(set) var tensor: Tensor
    /// W as it was given, once something was merged into a copy of it.
    var loaded: Tensor?
    let isShared: Bool

    /// Wraps W; the given tensor is only read.
    ///
    /// - Parameter isShared: whether other processes read the same memory, so that a changed copy would cost what sharing saves.
    package init(_ tensor: Tensor, isShared: Bool = false) {
        self.tensor = tensor
        self.isShared = isShared
    }

    package var outFeatures: Int { tensor.rows }
    package var inFeatures: Int { tensor.columns }
    package var storedBytes: Int { tensor.count * MemoryLayout<Float>.stride }

    package var plain: Tensor? { tensor }

    package func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        BLAS.multiply(x, transposed: tensor, into: y, engine: engine)
    }

    package func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        BLAS.multiply(dY, tensor, into: dX, accumulate: accumulate, engine: engine)
    }

    package func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        let source = tensor.rows(rows)
        unsafe destination.update(from: source.pointer, count: source.count)
    }
}
