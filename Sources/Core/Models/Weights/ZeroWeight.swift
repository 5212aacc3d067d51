package import CatenaEngine

/// A matrix of zeros that takes no memory.
package final class ZeroWeight: FrozenWeight {
    package let outFeatures: Int
    package let inFeatures: Int
    package let storedBytes: Int

    package init(outFeatures: Int, inFeatures: Int, storedBytes: Int) {
        self.outFeatures = outFeatures
        self.inFeatures = inFeatures
        self.storedBytes = storedBytes
    }

    package func multiply(_ x: Tensor, into y: Tensor, engine: Engine) { y.fill(0) }

    package func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        if !accumulate { dX.fill(0) }
    }

    package func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        unsafe destination.update(repeating: 0, count: rows.count * inFeatures)
    }
}
