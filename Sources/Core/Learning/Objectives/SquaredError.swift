package import CatenaEngine
package import CatenaModels

/// The objective of regression: one number for each sequence.
///
///     L = Σ_s (z_s - y_s)²,   dz_s = 2 (z_s - y_s)
package struct SquaredError: Objective {
    /// There is nothing to choose.
    package init() {}

    package var demand: HeadDemand { .segments }

    package var lossUnit: String { "squared" }

    package func supervision(of batch: Batch) -> Supervision {
        let values = batch.segmentTargets { if case .value(let value) = $0 { value } else { nil } }
        return Supervision(rows: Array(values.indices), values: values, weights: values.map { _ in 1 })
    }

    package func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        precondition(scores.columns == 1, "one score for a number, not \(scores.columns)")
        for (index, row) in rows.enumerated() {
            let (weight, difference) = unsafe (
                supervision.weights[row], scores.pointer[index] - supervision.values[row]
            )
            unsafe losses[index] = Double(weight) * Double(difference) * Double(difference)
            if writesGradient { unsafe scores.pointer[index] = 2 * weight * difference }
        }
    }
}
