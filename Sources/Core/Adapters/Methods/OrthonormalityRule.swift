package import CatenaEngine

/// SORSA's regulariser: draws the rows of some matrices and the columns of others towards orthonormal ones.
///
///     R = c · mean over all K matrices of ‖M‖      M = A Aᵀ - I for rows, Bᵀ B - I for columns, [r, r]
///     dR/dA = 2c/K · M A / ‖M‖      dR/dB = 2c/K · B M / ‖M‖      c = gamma / peak learning rate
///
/// ‖·‖ is the Frobenius norm, not squared, so the gradient has the same size however small the deviation is; at M = 0, where it
/// has none, it is taken as 0. Since c is constant, the regulariser's part of an SGD step is gamma times the schedule's present
/// fraction of the peak rate. The author's program divides by the number of accumulated micro-batches as well, which is a
/// smaller gamma.
///
/// - Source: Cao 2024, *SORSA*, arXiv:2409.00055; mean and order (after the clipping of the loss's gradient) as in its
///   repository's `calc_ortho` and trainer.
package final class OrthonormalityRule: AdapterRule {
    private let vectors: [ObjectIdentifier: Orthonormality.Vectors]
    private let gamma: Double
    private let engine: Engine
    private var coefficient = 0.0

    package let penaltyFollowsClipping: Bool

    /// A rule for matrices `[r, n]` with rows and `[n, r]` with columns to keep orthonormal.
    package init(
        rows: [Parameter], columns: [Parameter], gamma: Double, takesPartInClipping: Bool, engine: Engine
    ) {
        vectors = Dictionary(
            uniqueKeysWithValues: rows.map { (ObjectIdentifier($0), .rows) }
                + columns.map { (ObjectIdentifier($0), .columns) })
        self.gamma = gamma
        self.engine = engine
        penaltyFollowsClipping = !takesPartInClipping
    }

    package func prepare(_ run: AdapterRun) throws {
        guard run.peakLearningRate > 0 else {
            throw AdapterError.optionMisfit(
                option: "gamma", found: "\(gamma) with training.learning-rate \(run.peakLearningRate)",
                expected: "a rate above 0, by which gamma is divided, or gamma: 0")
        }
        coefficient = gamma / run.peakLearningRate
    }

    package func addPenalty(to parameters: ParameterSet, scale: Double) -> Double {
        var sum = 0.0
        let share = coefficient / Double(max(vectors.count, 1))
        for parameter in parameters.parameters {
            guard let vectors = vectors[ObjectIdentifier(parameter)] else { continue }
            sum += Orthonormality.pull(
                vectors, of: parameter.value, gradient: parameters.gradient(of: parameter), scale: scale * share,
                engine: engine)
        }
        return share * sum
    }
}
