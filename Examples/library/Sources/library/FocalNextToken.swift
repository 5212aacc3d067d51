import CatenaCore
import Foundation

/// An objective of one's own: the focal loss of the next token, `L = Σ (1 - p)^γ (-log p)`, p the probability of the target.
///
///     dL / dz_v = c (p_v - [v = target]),   c = (1 - p)^γ - γ p (1 - p)^(γ - 1) log p
struct FocalNextToken: Objective {
    let gamma: Double

    func supervision(of batch: Batch) -> Supervision { NextToken().supervision(of: batch) }

    func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        for (place, row) in rows.enumerated() {
            let (target, weight) = (Int(supervision.targets[row]), Double(supervision.weights[row]))
            let largest = (0..<scores.columns).reduce(scores[place, 0]) { max($0, scores[place, $1]) }
            let exponentials = (0..<scores.columns).map { exp(Double(scores[place, $0] - largest)) }
            let sum = exponentials.reduce(0, +)
            let p = exponentials[target] / sum
            losses[place] = -weight * pow(1 - p, gamma) * log(p)
            guard writesGradient else { continue }
            let factor = weight * (pow(1 - p, gamma) - gamma * p * pow(1 - p, gamma - 1) * log(p))
            for column in 0..<scores.columns {
                scores[place, column] = Float(factor * (exponentials[column] / sum - (column == target ? 1 : 0)))
            }
        }
    }
}
