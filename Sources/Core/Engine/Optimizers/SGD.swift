/// Stochastic gradient descent with momentum and coupled weight decay.
///
///     g ← g + λ θ        b ← μ b + g (b = g at the first step)        θ ← θ - η b
///
/// - Source: torch `optim/sgd.py`.
public final class SGD: Optimizer {
    public var stepCount = 0
    private let parameters: ParameterSet
    private let ranges: [ParameterRange]
    private let engine: Engine
    private let buffer: Tensor
    private let momentum, weightDecay: Double

    /// A momentum buffer of zero for all of `parameters`.
    public init(_ parameters: ParameterSet, momentum: Double, weightDecay: Double, engine: Engine) {
        self.parameters = parameters
        self.ranges = ParameterRange.all(in: parameters)
        self.engine = engine
        self.buffer = engine.memory.zeros(rows: 1, columns: parameters.count)
        self.momentum = momentum
        self.weightDecay = weightDecay
    }

    public var state: [(name: String, values: Tensor)] { [("momentum", buffer)] }

    public func step(learningRate: Double, gradientScale: Double) {
        stepCount += 1
        for part in ranges {
            let start = part.range.lowerBound
            Kernels.sgdMomentum(
                engine.threads, parameter: parameters.values.pointer + start,
                gradient: parameters.gradients.pointer + start, buffer: buffer.pointer + start,
                count: part.range.count, learningRate: Float(learningRate * part.learningRateFactor),
                momentum: Float(momentum), weightDecay: part.decays ? Float(weightDecay) : 0,
                firstStep: stepCount == 1, gradientScale: Float(gradientScale))
        }
    }
}
