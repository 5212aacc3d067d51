import CatenaCore
import CatenaEngine

/// The tensors that are trained now, and the optimizer's state that belongs to them.
final class TrainableState {
    let parameters: ParameterSet
    let optimizer: any Optimizer

    /// A new optimizer for `parameters`: moments of zero, no updates made.
    init(_ parameters: ParameterSet, _ section: RunConfiguration.TrainingSection, engine: Engine) {
        self.parameters = parameters
        optimizer =
            switch section.optimizer {
            case .adamW(let beta1, let beta2, let epsilon, let weightDecay):
                AdamW(
                    parameters, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
                    engine: engine)
            case .sgd(let momentum, let weightDecay):
                SGD(parameters, momentum: momentum, weightDecay: weightDecay, engine: engine)
            }
    }

    /// Copies state vectors and step counter of an optimizer over parameters of the same shapes.
    func takeOptimizerState(of other: TrainableState) {
        for (own, others) in zip(optimizer.state, other.optimizer.state) { own.values.copy(from: others.values) }
        optimizer.stepCount = other.optimizer.stepCount
    }
}
