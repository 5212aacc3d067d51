import CatenaLearning
import CatenaEngine

/// The tensors that are trained now, and the optimizer's state that belongs to them.
final class TrainableState {
    let parameters: ParameterSet
    let optimizer: any Optimizer

    /// A new optimizer for `parameters`: moments of zero, no updates made.
    init(_ parameters: ParameterSet, _ section: RunConfiguration.TrainingSection, engine: Engine) {
        self.parameters = parameters
        let rule = section.optimizer
        optimizer =
            switch rule.name {
            case .adamw:
                AdamW(
                    parameters, beta1: rule.beta1, beta2: rule.beta2, epsilon: rule.epsilon,
                    weightDecay: rule.weightDecay, engine: engine)
            case .sgd: SGD(parameters, momentum: rule.momentum, weightDecay: rule.weightDecay, engine: engine)
            }
    }

    /// Copies state vectors and step counter of an optimizer over parameters of the same shapes.
    func takeOptimizerState(of other: TrainableState) {
        for (own, others) in zip(optimizer.state, other.optimizer.state) { own.values.copy(from: others.values) }
        optimizer.stepCount = other.optimizer.stepCount
    }
}
