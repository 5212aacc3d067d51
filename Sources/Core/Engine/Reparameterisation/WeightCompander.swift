import Foundation

/// Weight Compander: weights that are kept small, and kept away from zero, by a bent function of what is trained.
///
///     w = a φ(v / b)        a = exp α > 0, b = exp β > 0, one pair for each tensor; φ a ``CompandingFunction``
///
///     |w| < a φ(∞)          restricts          ∂w/∂v = (a / b) φ'(v / b)      a / b > 1 at zero expands, → 0 far out
///     ∂w/∂α = w             ∂w/∂β = -v ∂w/∂v
///
/// Start: a = max(range · max |w|, floor), b = a / expand, v = b φ⁻¹(w / a), so that w is what it was. A tensor of zeros, such as
/// LoRA's B, has v = 0 and a = floor. After each update a is at least 1e-4 and a / b in 0.25 … 8.
///
/// Where a parameter's neutral value is not 0, what is bent is its relative distance from that, so that 0 still means that nothing
/// is changed: w = 1 + a φ(v / b) of scales that begin with 1, wⱼ = nⱼ (1 + a φ(vⱼ / b)) of lengths n.
///
/// - Source: Cakaj, Mehnert, Yang 2023, *Weight Compander: A Simple Weight Reparameterization for Regularization*, arXiv:2306.16993. The
///   equation in its text was not to be had; this one, its constants and its start are derived from the properties that the
///   abstract names.
package struct WeightCompander: Reparameterisation {
    /// φ.
    package var function: CompandingFunction
    /// a at the start is so many times the largest |w|.
    package var range: Double
    /// a / b at the start.
    package var expand: Double
    /// a at the start is at least this.
    package var floor: Double
    package var learnsScales: Bool

    /// A compander with these numbers.
    package init(function: CompandingFunction, range: Double, expand: Double, floor: Double, learnsScales: Bool) {
        (self.function, self.range, self.expand) = (function, range, expand)
        (self.floor, self.learnsScales) = (floor, learnsScales)
    }

    package static let smallestA = 1e-4
    package static let steepness = 0.25...8.0
    /// |w| below this counts as near zero, in the metrics.
    private static let nearZero: Float = 1e-3
    /// |v / b| above this counts as saturated: there φ' is below 1 % for every φ.
    private static let saturated = 10.0

    package let scaleNames = ["alpha", "beta"]

    package func setFirstScales(of tensor: ReparameterisedTensor) {
        let largest = (0..<tensor.seen.count).reduce(0.0) { largest, index in
            let distance = abs(distance(of: tensor.seen.pointer[index], at: index, of: tensor))
            return distance > largest ? distance : largest
        }
        let a = max(range * largest, floor)
        tensor.scales.pointer[0] = Float(log(a))
        tensor.scales.pointer[1] = Float(log(a / expand))
    }

    package func inverse(of w: Float, at index: Int, of tensor: ReparameterisedTensor) -> Float? {
        let compander = compander(of: tensor)
        let bent = distance(of: w, at: index, of: tensor) / Double(compander.a)
        guard abs(bent) < function.limit else { return nil }
        let raw = Float(Double(compander.b) * function.inverse(bent))
        return raw.isFinite ? raw : nil
    }

    package func write(_ tensor: ReparameterisedTensor, into values: Tensor, engine: Engine) {
        engine.measured(.optimizer) {
            Kernels.compand(
                engine.threads, compander(of: tensor), v: tensor.raw.pointer, w: values.pointer, count: values.count)
        }
    }

    package func pullBack(_ gradient: Tensor, of tensor: ReparameterisedTensor, engine: Engine) {
        let (byAlpha, byBeta) = engine.measured(.optimizer) {
            Kernels.compandBackward(
                engine.threads, compander(of: tensor), v: tensor.raw.pointer, dW: gradient.pointer,
                dV: tensor.rawGradient.pointer, count: gradient.count)
        }
        guard let scales = tensor.scaleGradient else { return }
        scales.pointer[0] = Float(byAlpha)
        scales.pointer[1] = Float(byBeta)
    }

    package func constrainScales(of tensor: ReparameterisedTensor) {
        guard learnsScales else { return }
        let scales = tensor.scales.pointer
        // Comparisons, so that what is no number stays none and is found.
        let least = Float(log(Self.smallestA))
        if scales[0] < least { scales[0] = least }
        let lowest = scales[0] - Float(log(Self.steepness.upperBound))
        let highest = scales[0] - Float(log(Self.steepness.lowerBound))
        if scales[1] < lowest { scales[1] = lowest }
        if scales[1] > highest { scales[1] = highest }
    }

    package func metrics(_ tensors: [ReparameterisedTensor], engine: Engine) -> [(name: String, value: Double)] {
        var (near, far, count, largest) = (0, 0, 0, 0.0)
        var kinds: [(name: String, logCap: Double, logSteepness: Double, count: Double)] = []
        for tensor in tensors {
            let compander = compander(of: tensor)
            let counts = Kernels.compandingCounts(
                engine.threads, compander, w: tensor.seen.pointer, count: tensor.seen.count, near: Self.nearZero,
                far: compander.a * Float(function.value(Self.saturated)))
            (near, far, count) = (near + counts.near, far + counts.far, count + tensor.seen.count)
            let cap = Double(compander.a) * function.limit
            largest = max(largest, Double(counts.largest) / cap)
            let (alpha, beta) = (Double(tensor.scales.pointer[0]), Double(tensor.scales.pointer[1]))
            let place =
                kinds.firstIndex { $0.name == tensor.kind } ?? kinds.endIndex
            if place == kinds.endIndex { kinds.append((tensor.kind, 0, 0, 0)) }
            kinds[place].logCap += log(cap)
            kinds[place].logSteepness += alpha - beta
            kinds[place].count += 1
        }
        let total = Double(max(count, 1))
        return [
            ("compander_near_zero", Double(near) / total), ("compander_saturated", Double(far) / total),
            ("compander_largest", largest),
        ]
            + kinds.flatMap { kind in
                [
                    ("compander_cap_\(kind.name)", exp(kind.logCap / kind.count)),
                    ("compander_steepness_\(kind.name)", exp(kind.logSteepness / kind.count)),
                ]
            }
    }

    private func compander(of tensor: ReparameterisedTensor) -> Kernels.Compander {
        Kernels.Compander(
            function, a: Float(exp(Double(tensor.scales.pointer[0]))), b: Float(exp(Double(tensor.scales.pointer[1]))),
            offset: tensor.parameter.neutral == .zero ? 0 : 1,
            unit: tensor.firstValues.map { UnsafePointer($0.pointer) })
    }

    /// a φ(v / b) of a seen value.
    private func distance(of w: Float, at index: Int, of tensor: ReparameterisedTensor) -> Double {
        switch tensor.parameter.neutral {
        case .zero: return Double(w)
        case .one: return Double(w) - 1
        case .firstValue:
            guard let unit = tensor.firstValues?.pointer[index], unit != 0 else { return 0 }
            return Double(w) / Double(unit) - 1
        }
    }
}
