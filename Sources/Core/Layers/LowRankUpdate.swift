/// A frozen change ΔW = B A of one matrix W `[outFeatures, inFeatures]`; a scaling is already in B.
public struct LowRankUpdate {
    /// A, `[rank, inFeatures]`.
    public let a: Tensor
    /// B, `[outFeatures, rank]`.
    public let b: Tensor

    /// A change from its factors.
    public init(a: Tensor, b: Tensor) {
        precondition(a.rows == b.columns, "B A of [\(b.rows), \(b.columns)] and [\(a.rows), \(a.columns)]")
        self.a = a
        self.b = b
    }

    /// r.
    public var rank: Int { a.rows }

    /// Adds the rows `rows` of B A to the matrix rows at `destination`.
    ///
    ///     W[i, j] += ((B[i, 0] A[0, j] + B[i, 1] A[1, j]) + …)      in float32, in this order
    ///
    /// so that an element's bits do not depend on which part of the matrix a thread or a process holds.
    public func add(rows: Range<Int>, to destination: UnsafeMutablePointer<Float>) {
        let width = a.columns
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(width, 1)) { sums in
            guard let sum = sums.baseAddress else { return }
            for row in rows {
                sum.update(repeating: 0, count: width)
                for k in 0..<rank {
                    let factor = b.pointer[row * rank + k]
                    let source = a.pointer + k * width
                    for column in 0..<width { sum[column] += factor * source[column] }
                }
                let target = destination + (row - rows.lowerBound) * width
                for column in 0..<width { target[column] += sum[column] }
            }
        }
    }

    /// The change of Wᵀ: Aᵀ Bᵀ.
    func transposed(_ memory: TensorMemory) -> LowRankUpdate {
        LowRankUpdate(a: b.transposed(memory), b: a.transposed(memory))
    }

    /// All changes as one: A above A, B beside B. `updates` has one or more.
    public static func concatenated(_ updates: [LowRankUpdate], memory: TensorMemory) -> LowRankUpdate {
        let rank = updates.reduce(0) { $0 + $1.rank }
        let (inFeatures, outFeatures) = (updates[0].a.columns, updates[0].b.rows)
        let a = memory.tensor(rows: rank, columns: inFeatures)
        let b = memory.tensor(rows: outFeatures, columns: rank)
        var start = 0
        for update in updates {
            a.rows(start..<start + update.rank).copy(from: update.a)
            for row in 0..<outFeatures {
                (b.pointer + row * rank + start).update(
                    from: update.b.pointer + row * update.rank, count: update.rank)
            }
            start += update.rank
        }
        return LowRankUpdate(a: a, b: b)
    }
}
