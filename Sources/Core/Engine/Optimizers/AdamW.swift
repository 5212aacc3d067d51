import Foundation

/// Adam with decoupled weight decay.
///
///     θ ← θ (1 - η λ)
///     m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
///     θ ← θ - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
///
/// - Source: Loshchilov and Hutter 2019, *Decoupled Weight Decay Regularization*, arXiv:1711.05101,
///   algorithm 2; the order of operations as in torch `optim/adamw.py`.
public final class AdamW: Optimizer {
    public var stepCount = 0
    private let parameters: ParameterSet
    private let ranges: [ParameterRange]
    private let engine: Engine
    private let m: Tensor
    private let v: Tensor
    private let beta1, beta2, epsilon, weightDecay: Double

    /// Moments of zero for all of `parameters`.
    public init(
        _ parameters: ParameterSet, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, engine: Engine
    ) {
        self.parameters = parameters
        self.ranges = ParameterRange.all(in: parameters)
        self.engine = engine
        self.m = engine.memory.zeros(rows: 1, columns: parameters.count)
        self.v = engine.memory.zeros(rows: 1, columns: parameters.count)
        (self.beta1, self.beta2, self.epsilon, self.weightDecay) = (beta1, beta2, epsilon, weightDecay)
    }

    public var state: [(name: String, values: Tensor)] { [("m", m), ("v", v)] }

    public func step(learningRate: Double, gradientScale: Double) {
        stepCount += 1
        let correction1 = 1 - pow(beta1, Double(stepCount))
        let correction2 = 1 - pow(beta2, Double(stepCount))
        for part in ranges {
            let start = part.range.lowerBound
            engine.measured(.optimizer) {
                Kernels.adamW(
                    engine.threads, parameter: parameters.values.pointer + start,
                    gradient: parameters.gradients.pointer + start, m: m.pointer + start, v: v.pointer + start,
                    count: part.range.count, learningRate: Float(learningRate * part.learningRateFactor),
                    beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon),
                    weightDecay: part.decays ? Float(weightDecay) : 0, biasCorrection1: Float(correction1),
                    biasCorrection2: Float(correction2), gradientScale: Float(gradientScale))
            }
        }
    }
}
