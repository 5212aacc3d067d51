import CatenaEngine
import CatenaLearning

/// The tensors that are trained now, and the optimizer's state that belongs to them.
///
/// As a rule the optimizer moves what the model computes with. With a reparameterisation it moves the numbers behind that: the
/// gradients are pulled back before clipping, and the model's values follow each update.
final class TrainableState {
    /// What the model computes with.
    let parameters: ParameterSet
    /// The numbers behind them; nil where the optimizer moves the parameters themselves.
    let raw: RawParameters?
    let optimizer: any Optimizer

    /// What the optimizer moves: its values, its gradients, what its state belongs to.
    var moved: ParameterSet { raw?.set ?? parameters }

    /// A new optimizer for `parameters`, or for the numbers behind them: moments of zero, no updates made.
    init(
        _ parameters: ParameterSet, raw: RawParameters?, _ section: RunConfiguration.TrainingSection, engine: Engine
    ) {
        (self.parameters, self.raw) = (parameters, raw)
        let (moved, rule) = (raw?.set ?? parameters, section.optimizer)
        optimizer =
            switch rule.name {
            case .adamw:
                AdamW(
                    moved, beta1: rule.beta1, beta2: rule.beta2, epsilon: rule.epsilon,
                    weightDecay: rule.weightDecay, engine: engine)
            case .sgd: SGD(moved, momentum: rule.momentum, weightDecay: rule.weightDecay, engine: engine)
            }
    }

    /// Copies state vectors and step counter of an optimizer over parameters of the same shapes.
    func takeOptimizerState(of other: TrainableState) {
        for (own, others) in zip(optimizer.state, other.optimizer.state) { own.values.copy(from: others.values) }
        optimizer.stepCount = other.optimizer.stepCount
    }

    /// All that training changes, with names for messages.
    var tensors: [(name: String, values: Tensor)] {
        parameters.parameters.map { ($0.name, $0.value) }
            + (raw?.set.parameters ?? []).map { ("the numbers behind \($0.name)", $0.value) }
            + optimizer.state.map { ("the optimizer's \($0.name)", $0.values) }
    }
}
