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
public final class OrthonormalityRule: AdapterRule {
    private let isRows: [ObjectIdentifier: Bool]
    private let gamma: Double
    private let engine: Engine
    private var coefficient = 0.0

    public let penaltyFollowsClipping: Bool

    /// A rule for matrices `[r, n]` with rows and `[n, r]` with columns to keep orthonormal.
    public init(
        rows: [Parameter], columns: [Parameter], gamma: Double, takesPartInClipping: Bool, engine: Engine
    ) {
        let sides = rows.map { (ObjectIdentifier($0), true) } + columns.map { (ObjectIdentifier($0), false) }
        isRows = Dictionary(uniqueKeysWithValues: sides)
        self.gamma = gamma
        self.engine = engine
        penaltyFollowsClipping = !takesPartInClipping
    }

    public func prepare(_ run: AdapterRun) throws {
        guard run.peakLearningRate > 0 else {
            throw AdapterError.optionMisfit(
                option: "gamma", found: "\(gamma) with training.learning-rate \(run.peakLearningRate)",
                expected: "a rate above 0, by which gamma is divided, or gamma: 0")
        }
        coefficient = gamma / run.peakLearningRate
    }

    public func addPenalty(to parameters: ParameterSet, scale: Double) -> Double {
        var sum = 0.0
        let share = coefficient / Double(max(isRows.count, 1))
        for (index, parameter) in parameters.parameters.enumerated() {
            guard let isRows = isRows[ObjectIdentifier(parameter)] else { continue }
            let (value, gradient) = (parameter.value, parameters.gradient(of: index))
            let size = isRows ? value.rows : value.columns
            let deviation = engine.memory.tensor(rows: size, columns: size)
            if isRows {
                BLAS.multiply(value, transposed: value, into: deviation, engine: engine)
            } else {
                BLAS.multiply(transposed: value, value, into: deviation, engine: engine)
            }
            var squares = 0.0
            for row in 0..<size {
                deviation.pointer[row * size + row] -= 1
                for column in 0..<size {
                    let element = Double(deviation.pointer[row * size + column])
                    squares += element * element
                }
            }
            guard squares > 0 else { continue }
            let norm = squares.squareRoot()
            sum += norm
            let factor = Float(2 * scale * share / norm)
            if isRows {
                BLAS.multiply(deviation, value, into: gradient, alpha: factor, accumulate: true, engine: engine)
            } else {
                BLAS.multiply(value, deviation, into: gradient, alpha: factor, accumulate: true, engine: engine)
            }
        }
        return share * sum
    }
}
