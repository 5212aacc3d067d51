import CKernels

extension Kernels {
    /// Rotary position embedding, in place: each pair (i, i + rotaryDimension / 2) of a head turns by the angle of its position.
    ///
    /// x has `rows` rows, `ld` apart, each with `heads` heads of `headDimension`; only the first `rotaryDimension` of a head
    /// turn. `cosine` and `sine` are tables [positions, rotaryDimension / 2]. `inverse` turns back, which is the backward pass.
    /// Source: Su et al., "RoFormer", 2021, in the half-split pairing of GPT-NeoX.
    public static func rotary(
        _ pool: ThreadPool, x: UnsafeMutablePointer<Float>, ld: Int, rows: Int, heads: Int, headDimension: Int,
        rotaryDimension: Int, positions: UnsafePointer<Int32>, cosine: UnsafePointer<Float>, sine: UnsafePointer<Float>,
        inverse: Bool
    ) {
        ck_rotary(
            pool.handle, x, Int64(ld), Int64(rows), Int64(heads), Int64(headDimension), Int64(rotaryDimension),
            positions,
            cosine, sine, inverse)
    }

    /// out[r] = table[ids[r]].
    public static func embeddingGather(
        _ pool: ThreadPool, table: UnsafePointer<Float>, ids: UnsafePointer<Int32>, out: UnsafeMutablePointer<Float>,
        rows: Int, width: Int
    ) {
        ck_embedding_gather(pool.handle, table, ids, out, Int64(rows), Int64(width))
    }

    /// dTable[ids[r]] += dOut[r], rows in ascending order.
    public static func embeddingScatterAdd(
        _ pool: ThreadPool, dOut: UnsafePointer<Float>, ids: UnsafePointer<Int32>, dTable: UnsafeMutablePointer<Float>,
        rows: Int, width: Int
    ) {
        ck_embedding_scatter_add(pool.handle, dOut, ids, dTable, Int64(rows), Int64(width))
    }

    /// Softmax cross-entropy of each row: losses[r] = weights[r] (log sum exp(logits[r]) - logits[r, targets[r]]).
    ///
    /// With `writeGradient`, logits become weights[r] (softmax - onehot), the gradient of the plain sum of the losses; else
    /// they stay. `weights` nil means 1. Rows of `logits` are `vocabulary` apart unless `ld` says otherwise.
    public static func crossEntropyRows(
        _ pool: ThreadPool, logits: UnsafeMutablePointer<Float>, ld: Int? = nil, targets: UnsafePointer<Int32>,
        weights: UnsafePointer<Float>?, rows: Int, vocabulary: Int, losses: UnsafeMutablePointer<Double>,
        writeGradient: Bool
    ) {
        ck_cross_entropy_rows(
            pool.handle, logits, Int64(ld ?? vocabulary), targets, weights, Int64(rows), Int64(vocabulary), losses,
            writeGradient)
    }

    /// out[i] = x[i] / keepProbability where the mask keeps i, else 0; out may be x.
    ///
    /// The mask is a function of (key, offset + i) alone, by Philox-4x32-10, so the same call on a gradient is the backward
    /// pass. Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
    public static func dropout(
        _ pool: ThreadPool, x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, count: Int,
        keepProbability: Float,
        key: UInt64, offset: UInt64
    ) {
        ck_dropout(pool.handle, x, out, Int64(count), keepProbability, key, offset)
    }
}
