public import CatenaEngine

/// A vector of a layer, such as a norm's scale or a bias: frozen unless it is trained itself.
public final class LayerVector {
    /// Name in the model's files.
    public let name: String
    private let frozen: Tensor
    private let neutral: Parameter.Neutral
    private let decays, isStatistic: Bool
    private var parameter: Parameter?

    /// The frozen vector `value` `[1, n]`; `neutral` is the value at which it changes nothing.
    public convenience init(name: String, value: Tensor, neutral: Parameter.Neutral = .zero) {
        self.init(name: name, value: value, neutral: neutral, decays: false)
    }

    /// - Parameters:
    ///   - decays: whether weight decay applies where it is trained.
    ///   - isStatistic: whether it follows the data and not the gradient.
    init(
        name: String, value: Tensor, neutral: Parameter.Neutral = .zero, decays: Bool, isStatistic: Bool = false
    ) {
        self.name = name
        self.frozen = value
        self.neutral = neutral
        (self.decays, self.isStatistic) = (decays, isStatistic)
    }

    /// The vector as a leaf of computations, `[1, n]`.
    package var variable: Variable {
        parameter?.variable ?? Variable(frozen, requiresGradient: false)
    }

    /// Whether it is trained itself.
    var isTrained: Bool { parameter != nil }

    /// The current numbers.
    public var value: Tensor { parameter?.value ?? frozen }

    /// A parameter that begins with the frozen numbers; `prefix` comes before the vector's name.
    package func trainableParameter(prefix: String = "") -> Parameter { trainableParameter(named: prefix + name) }

    /// A parameter called `name` that begins with the frozen numbers.
    package func trainableParameter(named name: String) -> Parameter {
        let initial = frozen
        return Parameter(
            name: name, shape: [initial.count], decays: decays, isStatistic: isStatistic, neutral: neutral
        ) {
            $0.copy(from: initial)
        }
    }

    /// Path of the module whose vector this is.
    package var modulePath: String { name.split(separator: ".").dropLast().joined(separator: ".") }

    /// Computes with `parameter` from now on; nil: with the frozen numbers.
    package func train(_ parameter: Parameter?) {
        self.parameter = parameter
    }
}
