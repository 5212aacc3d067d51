/// Sums over a matrix's shards of some columns, and the reverse: the shard again and again beside itself.
///
/// Rows are split over the threads, so that no result depends on their number. The last shard may be narrower.
package enum Shards {
    /// `s[t, i] = Σ x[t, j] over j = i, i + w, i + 2w, …` (or `s += …`) for x `[N, n]`, s `[N, w]`.
    package static func sum(_ x: Tensor, into s: Tensor, accumulate: Bool = false, engine: Engine) {
        precondition(x.rows == s.rows, "sums of shards of \(x.rows) rows into \(s.rows)")
        let (columns, width) = (x.columns, s.columns)
        engine.threads.runRows(x.rows, minimumPerTask: rowsPerTask(columns)) { rows in
            for row in rows {
                let (source, target) = (x.pointer + row * columns, s.pointer + row * width)
                if !accumulate { target.update(repeating: 0, count: width) }
                for start in stride(from: 0, to: columns, by: width) {
                    let shard = source + start
                    for index in 0..<min(width, columns - start) { target[index] += shard[index] }
                }
            }
        }
    }

    /// `y[t, j] = s[t, j mod w]` (or `y += …`) for s `[N, w]`, y `[N, n]`.
    package static func tile(_ s: Tensor, into y: Tensor, accumulate: Bool = false, engine: Engine) {
        precondition(y.rows == s.rows, "tiles of \(s.rows) rows into \(y.rows)")
        let (columns, width) = (y.columns, s.columns)
        engine.threads.runRows(y.rows, minimumPerTask: rowsPerTask(columns)) { rows in
            for row in rows {
                let (source, target) = (s.pointer + row * width, y.pointer + row * columns)
                for start in stride(from: 0, to: columns, by: width) {
                    let (shard, count) = (target + start, min(width, columns - start))
                    if accumulate {
                        for index in 0..<count { shard[index] += source[index] }
                    } else {
                        shard.update(from: source, count: count)
                    }
                }
            }
        }
    }

    /// Enough rows that a task is worth waking a thread for.
    private static func rowsPerTask(_ columns: Int) -> Int { max(1, 16384 / max(columns, 1)) }
}
