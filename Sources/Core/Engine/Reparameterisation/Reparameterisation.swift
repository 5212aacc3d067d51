/// A trained tensor seen through a function of the numbers that the optimizer moves.
///
///     w = f(v; s)      v raw, as large as w: what the optimizer moves and a checkpoint keeps
///                      w seen: what the method, every pass, every export and every rule of a method work with
///                      s scales: a few numbers that the tensor has for itself, learned or fixed
///
///     dL/dv = dL/dw ∂f/∂v      dL/ds = Σ dL/dw ∂f/∂s
///
/// No method and no model knows of it. ``RawParameters`` keeps v beside w and calls what is here: once in the beginning, and in
/// each step after the reduction of dL/dw and after the update. f acts on each number by itself.
package protocol Reparameterisation: Sendable {
    /// The names of the scales in files, in the order in which a tensor keeps them.
    var scaleNames: [String] { get }
    /// Whether the optimizer moves the scales too; they never decay.
    var learnsScales: Bool { get }
    /// Sets scales, from the seen values, such that every seen value can be inverted.
    func setFirstScales(of tensor: ReparameterisedTensor)
    /// v for the seen value `w` of the element `index`; nil if f does not reach it.
    func inverse(of w: Float, at index: Int, of tensor: ReparameterisedTensor) -> Float?
    /// Puts f(v; s) into `values`.
    func write(_ tensor: ReparameterisedTensor, into values: Tensor, engine: Engine)
    /// Puts dL/dv and dL/ds into the tensor's raw gradients, from dL/dw.
    func pullBack(_ gradient: Tensor, of tensor: ReparameterisedTensor, engine: Engine)
    /// Moves scales that an update took where they must not be.
    func constrainScales(of tensor: ReparameterisedTensor)
    /// A few numbers about all tensors for the metrics of a step.
    func metrics(_ tensors: [ReparameterisedTensor], engine: Engine) -> [(name: String, value: Double)]
}

extension Reparameterisation {
    package func constrainScales(of tensor: ReparameterisedTensor) {}
    package func metrics(_ tensors: [ReparameterisedTensor], engine: Engine) -> [(name: String, value: Double)] { [] }
}

/// A trained tensor with what a ``Reparameterisation`` keeps beside it.
package struct ReparameterisedTensor {
    /// What is seen; its value is w.
    package let parameter: Parameter
    /// What metrics put it together with, such as `lora_A`.
    package let kind: String
    /// v, shaped as w.
    package let raw: Tensor
    /// dL/dv.
    package let rawGradient: Tensor
    /// s, `[1, names]`.
    package let scales: Tensor
    /// dL/ds; nil where they are fixed.
    package let scaleGradient: Tensor?
    /// The first values of a parameter whose ``Parameter/Neutral`` they are; nil for others.
    package let firstValues: Tensor?

    /// w.
    package var seen: Tensor { parameter.value }
}

/// Why a tensor cannot be seen through a function.
package enum ReparameterisationError: Error, Equatable, CustomStringConvertible {
    /// A value that the function does not reach, or that is no number.
    case unreachable(tensor: String, index: Int, value: Float)
    /// The raw numbers of a file do not give the values beside them.
    case contradiction(tensor: String, difference: Double)

    package var description: String {
        switch self {
        case .unreachable(let tensor, let index, let value):
            "element \(index) of \(tensor) is \(value), which its reparameterisation does not reach"
        case .contradiction(let tensor, let difference):
            "the raw numbers of \(tensor) give values that differ by up to \(difference) from those beside them"
        }
    }
}
