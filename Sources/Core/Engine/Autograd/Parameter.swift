/// A trainable tensor: its name in files, its shape there, and its place in the flat buffers.
public final class Parameter {
    /// Name under which Hugging Face PEFT (or transformers, for a model's own weights) stores it.
    public let name: String
    /// Shape in files; `[n]` for vectors. As a tensor, all but the last dimension are rows.
    public let shape: [Int]
    /// Factor on the learning rate (LoRA+ trains B faster than A).
    public let learningRateFactor: Double
    /// Whether decoupled weight decay applies.
    public let decays: Bool
    /// The value at which it changes nothing.
    public let neutral: Neutral
    /// Whether it follows the data and not the gradient (a running mean): no optimizer moves it.
    package let isStatistic: Bool
    private let initialise: (Tensor) -> Void
    private var bound: Variable?

    /// The value at which a parameter changes nothing.
    public enum Neutral: Sendable {
        case zero
        /// Of scales.
        case one
        /// Of lengths and the like, which begin with those of the model.
        case firstValue
    }

    /// A parameter that `initialise` fills when memory is assigned to it.
    public init(
        name: String, shape: [Int], learningRateFactor: Double = 1, decays: Bool = true, isStatistic: Bool = false,
        neutral: Neutral = .zero, initialise: @escaping (Tensor) -> Void
    ) {
        precondition((1...4).contains(shape.count), "parameters are vectors, matrices, or stacks of them")
        self.name = name
        self.shape = shape
        self.learningRateFactor = isStatistic ? 0 : learningRateFactor
        self.decays = decays && !isStatistic
        self.isStatistic = isStatistic
        self.neutral = neutral
        self.initialise = initialise
    }

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The parameter as a leaf of computations; available once it belongs to a `ParameterSet`.
    public var variable: Variable {
        guard let bound else { preconditionFailure("parameter \(name) belongs to no ParameterSet") }
        return bound
    }

    /// The current value.
    public var value: Tensor { variable.value }

    /// Gives it memory of its own and its first values, without a gradient: it is not trained.
    package func bindFrozen(memory: TensorMemory) {
        let columns = shape[shape.count - 1]
        let values = memory.zeros(rows: shape.dropLast().reduce(1, *), columns: columns)
        bound = Variable(values, requiresGradient: false)
        initialise(values)
    }

    func bind(values: Tensor, gradients: Tensor) {
        bound = Variable(values, requiresGradient: true, gradient: gradients)
        initialise(values)
    }
}
