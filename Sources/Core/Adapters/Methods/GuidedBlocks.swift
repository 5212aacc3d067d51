import CatenaEngine

/// The block arithmetic of Bat: W `[out, in]` as r x r blocks W_ab, and one trained block B_a for each row of blocks.
///
///     W′_ab = W_ab + (W_ab + I) B_a                 B [out, r], B_a its rows a r ..< (a + 1) r
///     dB_a = Σ_b (W_ab + I)ᵀ G_ab                   G = dL/dW′
///
/// The r rows of W that belong to a hold, read as `[in, r]`, the rows of all W_ab below each other. So a row of blocks is
/// one product `[in, r] · [r, r]` forward and one `[r, in] · [in, r]` backward; the terms with I are sums and tiles of
/// shards. Rows of blocks are independent of each other and are split over the threads.
enum GuidedBlocks {
    /// Turns W into W′ in its own memory.
    static func apply(_ blocks: Tensor, to weight: Tensor, engine: Engine) {
        let (r, width) = (blocks.columns, weight.columns)
        let count = weight.rows / r
        let tasks = min(engine.threads.threads, count)
        let scratch = engine.memory.tensor(rows: tasks, columns: r * width)
        engine.threads.run(tasks: tasks) { task in
            let copy = scratch.rows(task..<task + 1)
            for a in count * task / tasks..<count * (task + 1) / tasks {
                let (rows, block) = (weight.rows(a * r..<(a + 1) * r), blocks.rows(a * r..<(a + 1) * r))
                copy.copy(from: rows)
                unsafe BLAS.gemmSerial(
                    transposeA: false, transposeB: false, m: width, n: r, k: r, alpha: 1, a: copy.pointer, lda: r,
                    b: block.pointer, ldb: r, beta: 1, c: rows.pointer, ldc: r)
                Shards.tile(block, into: rows, accumulate: true, engine: engine)
            }
        }
    }

    /// dB from the gradient G of W′, written or added to `result`.
    static func gradient(
        of weight: Tensor, changedBy gradient: Tensor, into result: Tensor, accumulate: Bool, engine: Engine
    ) {
        let (r, width) = (result.columns, weight.columns)
        engine.threads.runRows(weight.rows / r, minimumPerTask: 1) { range in
            for a in range {
                let rows = a * r..<(a + 1) * r
                let (matrix, change, block) = (weight.rows(rows), gradient.rows(rows), result.rows(rows))
                unsafe BLAS.gemmSerial(
                    transposeA: true, transposeB: false, m: r, n: r, k: width, alpha: 1, a: matrix.pointer, lda: r,
                    b: change.pointer, ldb: r, beta: accumulate ? 1 : 0, c: block.pointer, ldc: r)
                Shards.sum(change, into: block, accumulate: true, engine: engine)
            }
        }
    }
}
