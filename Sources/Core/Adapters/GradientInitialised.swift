package import CatenaEngine
package import CatenaModels

/// An adapter whose first values are made from the gradient of the loss by the matrix that it adapts.
///
/// Before that it must not change its layer. Where there are no training data (a benchmark, a model's shape) it stays as it is
/// then; a training run sets the values before its first step.
package protocol GradientInitialised: LinearAdapter {
    /// Over how many steps' batches the gradient is taken.
    var gradientSteps: Int { get }
    /// Sets the values.
    ///
    /// - Parameters:
    ///   - gradient: G = dL/dW `[outFeatures, inFeatures]`, L the sum of the loss over the batches. A method may use its
    ///     direction only: its size is not that of a mean.
    ///   - weight: W, as the layer computes with it now; made when it is asked for.
    /// - Throws: ``AdapterError`` or ``LAPACK/Failure`` if the gradient has no such values.
    func initialise(fromGradient gradient: Tensor, weight: () -> Tensor, engine: Engine) throws
    /// All that ``initialise(fromGradient:weight:engine:)`` sets, so that one process can do it for the others.
    var initialisedValues: [Tensor] { get }
}

extension LanguageModel {
    /// The layers whose adapters wait for gradients.
    package var gradientInitialisedLinears: [Linear] { linears.filter { $0.adapter is any GradientInitialised } }
}
