import CatenaEngine

/// The frozen matrix of a layer whose files hold Wᵀ `[inFeatures, outFeatures]`, as GPT-2's `Conv1D` does.
///
/// The stored form stays as it is (a view of the mapped file where possible) and is read the other way round.
final class TransposedWeight: FrozenWeight {
    /// Wᵀ.
    let stored: any FrozenWeight

    init(_ stored: any FrozenWeight) {
        self.stored = stored
    }

    var outFeatures: Int { stored.inFeatures }
    var inFeatures: Int { stored.outFeatures }
    var storedBytes: Int { stored.storedBytes }

    func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        stored.multiplyTransposed(x, into: y, accumulate: false, engine: engine)
    }

    func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        guard accumulate else { return stored.multiply(dY, into: dX, engine: engine) }
        let product = engine.memory.activation(rows: dX.rows, columns: dX.columns)
        stored.multiply(dY, into: product, engine: engine)
        engine.add(product, into: dX)
    }

    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        // Each stored row holds one column of W.
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: outFeatures) { column in
            guard let start = column.baseAddress else { return }
            for index in 0..<inFeatures {
                unsafe stored.decode(rows: index..<index + 1, into: start)
                for row in rows { unsafe destination[(row - rows.lowerBound) * inFeatures + index] = start[row] }
            }
        }
    }
}
