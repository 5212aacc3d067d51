import Foundation

/// How much each of N samples counts, by the losses of all of them.
///
///     w_i = exp((f_i - max f) / r) / Σ_j exp((f_j - max f) / r)
///
/// f is the ``SampleWeightStrategy``'s score and r the temperature: w is the distribution with the largest Σ w f - r KL(w, uniform).
/// As f is in [0, 1], no sample counts more than exp(1 / r) times as much as another. Weights are numbers, not functions of what is
/// trained: the gradient is Σ w_i d l_i.
package struct SampleWeights: Sendable, Equatable {
    /// N w_i, so that 1 is a sample's uniform share; 0 for one that is left out.
    package let relative: [Double]
    /// Whether a sample has the highest score that there is.
    package let isHighest: [Bool]

    /// The weights of samples with these mean losses.
    ///
    /// Samples without a loss are left out. Where a loss is not finite nothing can be compared: all count alike, and the step fails for
    /// that loss alone.
    ///
    /// - Parameters:
    ///   - temperature: r, above 0.
    ///   - clipQuantile: losses beyond this part of the samples at either end count as being at its edge; from 0 to below 0.5.
    package init(
        losses: [Double?], strategy: SampleWeightStrategy, temperature: Double, clipQuantile: Double = 0
    ) {
        precondition(temperature > 0 && (0..<0.5).contains(clipQuantile), "a temperature above 0, a quantile below 0.5")
        let present = losses.compactMap { $0 }
        guard let range = Self.range(of: present, clipQuantile: clipQuantile) else {
            relative = losses.map { $0 == nil ? 0 : 1 }
            isHighest = losses.map { $0 != nil }
            return
        }
        let scores = losses.map { loss in
            loss.map { strategy.score(SampleWeightStrategy.normalised($0, in: range)) }
        }
        let highest = scores.compactMap { $0 }.max() ?? 0
        let masses = scores.map { score in score.map { exp(($0 - highest) / temperature) } ?? 0 }
        let sum = masses.reduce(0, +)
        // Equal masses give exactly 1.
        relative = masses.map { Double(present.count) * $0 / sum }
        isHighest = scores.map { $0 == highest }
    }

    /// From the lowest to the highest loss that counts; nil where there is none, or one that is not finite.
    private static func range(of losses: [Double], clipQuantile: Double) -> ClosedRange<Double>? {
        guard !losses.isEmpty, losses.allSatisfy(\.isFinite) else { return nil }
        let sorted = losses.sorted()
        func quantile(_ part: Double) -> Double {
            let place = part * Double(sorted.count - 1)
            let below = Int(place)
            let above = min(below + 1, sorted.count - 1)
            return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
        }
        let lowest = quantile(clipQuantile)
        return lowest...max(lowest, quantile(1 - clipQuantile))
    }
}
