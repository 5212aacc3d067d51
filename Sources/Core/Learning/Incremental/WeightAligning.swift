/// Makes the mean norm of new classes' weights that of the old ones'.
///
///     γ = mean_{i ≤ n} ||w_i|| / mean_{i > n} ||w_i||,   w_i ← γ w_i for i > n;   capped: min(γ, 1)
///
/// The bias of a new class, where the head has one, is multiplied too, so that its score is.
///
/// - Source: Zhao et al. 2020, *Maintaining Discrimination and Fairness in Class Incremental Learning*, arXiv:1911.07053; the first author's
///   code takes p = 1 and caps at 1, PyCIL p = 2 without a cap.
package struct WeightAligning: Sendable, Equatable {
    /// The norm of a row.
    package enum NormKind: String, Sendable, CaseIterable {
        /// √Σ w².
        case l2
        /// Σ |w|.
        case l1
        /// Nothing is aligned.
        case none
    }

    package var norm = NormKind.l2
    /// Whether γ is at most 1.
    package var isCapped = true

    package init(norm: NormKind = .l2, isCapped: Bool = true) { (self.norm, self.isCapped) = (norm, isCapped) }

    /// γ for the rows of a classifier, of which the first `oldCount` are those of old classes; 1 where there are none, where nothing
    /// is aligned, and where all new rows are 0.
    package func factor(rows: [[Float]], oldCount: Int) -> Double {
        guard norm != .none, oldCount > 0, oldCount < rows.count else { return 1 }
        let norms = rows.map(length)
        func mean(_ norms: ArraySlice<Double>) -> Double { norms.reduce(0, +) / Double(norms.count) }
        let new = mean(norms[oldCount...])
        guard new > 0 else { return 1 }
        let factor = mean(norms[..<oldCount]) / new
        return isCapped ? min(factor, 1) : factor
    }

    private func length(_ row: [Float]) -> Double {
        norm == .l1
            ? row.reduce(0) { $0 + Double($1.magnitude) }
            : row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
}
