extension Naive {
    /// What a row's codes stand for, `scale (q₁ + q₂ / 254)`, with scale = max |v| / 127, `q₁ = ⌊v / scale⌉` and, with two digits,
    /// `q₂ = ⌊254 (v / scale - q₁)⌉`.
    ///
    /// Codes are chosen in float32, since a quotient near a half has two neighbours and no better one; the rest is float64.
    static func quantised(_ row: [Float], digits: Int) -> [Double] {
        let maximum = row.reduce(0) { max($0, abs($1)) }
        guard maximum > 0 else { return row.map(Double.init) }
        let inverse = 127 / maximum, roundsToWhole = Float(12_582_912)
        return row.map { value in
            let quotient = value * inverse
            let first = (quotient + roundsToWhole) - roundsToWhole
            let second = roundsToWhole.addingProduct(quotient - first, 254) - roundsToWhole
            return Double(maximum) / 127 * (Double(first) + (digits == 2 ? Double(second) / 254 : 0))
        }
    }

    /// `Y = X Wᵀ` with W `[n, k]`: rows of W and of X quantised.
    static func int8Product(_ x: [[Float]], _ w: [[Float]], digits: Int) -> [[Double]] {
        let codes = w.map { row in quantised(row, digits: 1) }
        return x.map { row in
            let q = quantised(row, digits: digits)
            return codes.map { zip(q, $0).reduce(0) { $0 + $1.0 * $1.1 } }
        }
    }

    /// `dX = dY W` with the same codes: rows of `dY diag(s)` quantised, where `s_j = max_k |W_jk| / 127`.
    static func int8ProductTransposed(_ dY: [[Float]], _ w: [[Float]], digits: Int) -> [[Double]] {
        let s = w.map { row in row.reduce(0) { max($0, abs($1)) } / 127 }
        let codes = zip(w, s).map { row, s in quantised(row, digits: 1).map { s > 0 ? $0 / Double(s) : 0 } }
        return dY.map { row in
            let q = quantised(zip(row, s).map(*), digits: digits)
            return w[0].indices.map { k in zip(q, codes).reduce(0) { $0 + $1.0 * $1.1[k] } }
        }
    }
}
