public import CatenaEngine

/// A matrix of the model itself that can be trained in place of its frozen numbers.
public protocol TrainableMatrix: AnyObject {
    /// A parameter that begins with the frozen numbers, named and shaped as in the model's files.
    func trainableParameter() -> Parameter
    /// Computes with `parameter` from now on; nil: with the frozen numbers.
    func train(_ parameter: Parameter?)
}
