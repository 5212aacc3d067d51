/// A frozen change ΔW = B A of one matrix W `[outFeatures, inFeatures]`; a scaling is already in B.
public struct LowRankUpdate {
    /// A, `[rank, inFeatures]`.
    package let a: Tensor
    /// B, `[outFeatures, rank]`.
    package let b: Tensor

    /// A change from its factors.
    package init(a: Tensor, b: Tensor) {
        precondition(a.rows == b.columns, "B A of [\(b.rows), \(b.columns)] and [\(a.rows), \(a.columns)]")
        self.a = a
        self.b = b
    }

    /// r.
    package var rank: Int { a.rows }

    /// Adds a part of B A to the same part of a matrix.
    ///
    ///     W[i, j] += ((B[i, 0] A[0, j] + B[i, 1] A[1, j]) + …)      in float32, in this order
    ///
    /// so that an element's bits do not depend on which part of the matrix a thread or a process holds.
    ///
    /// - Parameters:
    ///   - elements: which elements of W, counted row by row.
    ///   - destination: the first of them.
    package func add(elements: Range<Int>, to destination: UnsafeMutablePointer<Float>) {
        guard !elements.isEmpty else { return }
        let width = a.columns
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { buffer in
            guard let sum = buffer.baseAddress else { return }
            for row in elements.lowerBound / width...(elements.upperBound - 1) / width {
                let part = elements.clamped(to: row * width..<(row + 1) * width)
                let first = part.lowerBound - row * width
                sum.update(repeating: 0, count: part.count)
                for k in 0..<rank {
                    let factor = b.pointer[row * rank + k]
                    let source = a.pointer + k * width + first
                    for index in 0..<part.count { sum[index] += factor * source[index] }
                }
                let target = destination + (part.lowerBound - elements.lowerBound)
                for index in 0..<part.count { target[index] += sum[index] }
            }
        }
    }

    /// The change of Wᵀ: Aᵀ Bᵀ.
    package func transposed(_ memory: TensorMemory) -> LowRankUpdate {
        LowRankUpdate(a: b.transposed(memory), b: a.transposed(memory))
    }

    /// All changes as one: A above A, B beside B. `updates` has one or more.
    package static func concatenated(_ updates: [LowRankUpdate], memory: TensorMemory) -> LowRankUpdate {
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
