extension Naive {
    /// A row's codes and scale: `scale = max |v| / 127`, `q₁ = ⌊v / scale⌉`, and with two digits `q₂ = ⌊254 (v / scale - q₁)⌉`;
    /// the result is what they stand for, `scale (q₁ + q₂ / 254)`.
    static func quantised(_ row: [Double], digits: Int) -> [Double] {
        let scale = row.reduce(0) { max($0, abs($1)) } / 127
        guard scale > 0 else { return row }
        return row.map { value in
            let first = (value / scale).rounded(.toNearestOrEven)
            let second = digits == 2 ? ((value / scale - first) * 254).rounded(.toNearestOrEven) / 254 : 0
            return scale * (first + second)
        }
    }

    /// `Y = X Wᵀ` with W `[n, k]` smoothed by t `[k]`: rows of `W diag(t)` and of `X diag(1/t)` quantised.
    static func int8Product(_ x: [[Double]], _ w: [[Double]], t: [Double], digits: Int) -> [[Double]] {
        let codes = w.map { row in quantised(zip(row, t).map(*), digits: 1) }
        return x.map { row in
            let q = quantised(zip(row, t).map(/), digits: digits)
            return codes.map { zip(q, $0).reduce(0) { $0 + $1.0 * $1.1 } }
        }
    }

    /// `dX = dY W` with the same codes: rows of `dY diag(s)` quantised, where `s_j = max_k |W_jk t_k| / 127`.
    static func int8ProductTransposed(_ dY: [[Double]], _ w: [[Double]], t: [Double], digits: Int) -> [[Double]] {
        let smoothed = w.map { row in zip(row, t).map(*) }
        let s = smoothed.map { row in row.reduce(0) { max($0, abs($1)) } / 127 }
        let codes = zip(smoothed, s).map { row, s in row.map { s > 0 ? ($0 / s).rounded(.toNearestOrEven) : 0 } }
        return dY.map { row in
            let q = quantised(zip(row, s).map(*), digits: digits)
            return t.indices.map { k in zip(q, codes).reduce(0) { $0 + $1.0 * $1.1[k] } / t[k] }
        }
    }
}
