import CatenaAdapters
import CatenaEngine
import CatenaModels
import CatenaReporting

/// What happens around the optimizer's update, beside it: a method's rule, a chain's knots, a strategy's decisions; and what happens
/// between two steps: metrics, alarms, checkpoints.
///
/// All processes call the hooks of a step in the same order with the same numbers, so that a hook decides alike everywhere and may
/// be collective. Parameters are found by identity (``ParameterSet/range(of:)``), never by number.
protocol TrainingHook: AnyObject {
    /// The summed gradient is there and not yet clipped.
    func beforeClipping(_ context: inout StepContext) throws
    /// The gradient that the optimizer will take is `gradientScale` times that in the parameters.
    func beforeUpdate(_ context: inout StepContext) throws
    /// The optimizer has changed the parameters.
    func afterUpdate(_ context: inout StepContext) throws
    /// The step is done and validated, where that was due; its metrics are made up next.
    func afterStep(_ context: inout StepContext) throws
    /// The state is that after the step; nothing of the step comes after it.
    func stepEnded(_ context: StepContext, _ metrics: MetricsLine) throws
}

extension TrainingHook {
    func beforeClipping(_ context: inout StepContext) throws {}
    func beforeUpdate(_ context: inout StepContext) throws {}
    func afterUpdate(_ context: inout StepContext) throws {}
    func afterStep(_ context: inout StepContext) throws {}
    func stepEnded(_ context: StepContext, _ metrics: MetricsLine) throws {}
}

/// What a hook may know of a step, and say about it.
struct StepContext {
    /// The step, counted from 1.
    let step: Int
    /// What is trained.
    let parameters: ParameterSet
    /// Σ weight of all tokens: gradients are sums until they are divided by it.
    let weight: Double
    /// Whether any process was asked to stop after this step.
    let stopRequested: Bool
    /// What the optimizer multiplies the gradient with.
    var gradientScale: Double
    /// The mean loss over the validation data, where the step was validated.
    var validationLoss: Double?
    /// What was added to the loss.
    var penalty: Double?
    /// The knot that the step ended with.
    var knot: MetricsLine.Knot?
}

/// The present adapter's rule as a hook; after a knot it is another one.
final class AdapterRuleHook: TrainingHook {
    private let model: LanguageModel
    private var rule: (any AdapterRule)? { model.attached?.rule }

    init(_ model: LanguageModel) { self.model = model }

    /// Gradients are sums here, so what is added to their mean is added times the weight.
    func beforeClipping(_ context: inout StepContext) {
        guard let rule, !rule.penaltyFollowsClipping else { return }
        context.penalty = rule.addPenalty(to: context.parameters, scale: context.weight)
    }

    func beforeUpdate(_ context: inout StepContext) {
        guard let rule else { return }
        if rule.penaltyFollowsClipping {
            context.penalty = rule.addPenalty(to: context.parameters, scale: 1 / context.gradientScale)
        }
        rule.beforeUpdate(context.parameters, gradientScale: context.gradientScale, step: context.step)
    }

    func afterUpdate(_ context: inout StepContext) {
        rule?.afterUpdate(context.parameters, gradientScale: context.gradientScale, step: context.step)
    }
}
