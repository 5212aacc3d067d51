/// How much a sample's loss, beside those of the others, speaks for the sample.
///
///     h = ((l - l_min) - (l_max - l)) / max(l_max - l_min, 10⁻⁶)      in [-1, 1]
///
///     linupper     f = min(h + 1, 1)      low losses count less, all above the middle alike
///     quadratic    f = 1 - h²             those in the middle count most
///     extremes     f = |h|                those at both ends count most
///     upper        f = (h + 1) / 2        the higher the loss, the more, without end
///
/// l is the mean loss of a sample. h is the published normalisation in a form that keeps its digits where the losses are close
/// together, and is 0 where all are equal. `upper` is what the authors' smaller program calls so; their larger one gives that name to
/// `linupper`.
///
/// - Source: Sow et al. 2025, *Dynamic Loss-Based Sample Reweighting for Improved Large Language Model Pretraining*, arXiv:2502.06733.
public enum SampleWeightStrategy: String, Sendable, CaseIterable {
    case linupper, quadratic, extremes, upper

    /// f of h.
    package func score(_ h: Double) -> Double {
        switch self {
        case .linupper: min(h + 1, 1)
        case .quadratic: 1 - h * h
        case .extremes: abs(h)
        case .upper: (h + 1) / 2
        }
    }

    /// The smallest distance of the largest and the smallest loss by which is divided.
    static let smallestSpread = 1e-6

    /// h of `loss`, which is taken to be at the nearest end where it is outside.
    package static func normalised(_ loss: Double, in range: ClosedRange<Double>) -> Double {
        let (lowest, highest) = (range.lowerBound, range.upperBound)
        let inside = min(max(loss, lowest), highest)
        return ((inside - lowest) - (highest - inside)) / max(highest - lowest, smallestSpread)
    }
}
