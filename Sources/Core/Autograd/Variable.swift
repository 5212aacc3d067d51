/// A tensor in a computation, with its gradient once the backward pass has reached it.
public final class Variable {
    private var stored: Tensor?
    private let recompute: (() -> Tensor)?
    /// Whether the backward pass needs to come here at all; frozen inputs cost no product.
    public let requiresGradient: Bool
    /// `dL/dvalue`, or nil while nothing has been added. A parameter's is a view of the flat buffer.
    public internal(set) var gradient: Tensor?

    /// A variable that holds `value`.
    public init(_ value: Tensor, requiresGradient: Bool, gradient: Tensor? = nil) {
        self.stored = value
        self.recompute = nil
        self.requiresGradient = requiresGradient
        self.gradient = gradient
    }

    /// A variable whose value can be dropped between forward and backward, because `recompute` makes
    /// the same bits again from what is kept anyway.
    init(_ value: Tensor, requiresGradient: Bool, recompute: @escaping () -> Tensor) {
        self.stored = value
        self.recompute = recompute
        self.requiresGradient = requiresGradient
    }

    /// The tensor; recomputed if it was dropped.
    public var value: Tensor {
        if let stored { return stored }
        guard let recompute else { preconditionFailure("a variable without value or recipe") }
        let value = recompute()
        stored = value
        return value
    }

    /// Forgets the value if it can be recomputed.
    func dropRecomputable() {
        if recompute != nil { stored = nil }
    }

    /// Gives `body` the memory to which a contribution to the gradient is written, and whether it has
    /// to be added to what is there (`accumulate`) or overwrites it.
    func addGradient(_ memory: TensorMemory, _ body: (Tensor, _ accumulate: Bool) -> Void) {
        guard requiresGradient else { return }
        if let gradient {
            body(gradient, true)
        } else {
            let fresh = memory.activation(rows: value.rows, columns: value.columns)
            body(fresh, false)
            gradient = fresh
        }
    }

    /// Takes the gradient out, leaving none.
    func takeGradient() -> Tensor? {
        defer { gradient = nil }
        return gradient
    }
}

extension Variable {
    /// Adds `contribution` to the gradient; takes the tensor over when it is the first one.
    ///
    /// A tensor taken over may be shared with another variable whose users have all run already.
    package func adoptGradient(_ contribution: Tensor, engine: Engine) {
        guard requiresGradient else { return }
        if let gradient {
            engine.add(contribution, into: gradient)
        } else {
            gradient = contribution
        }
    }
}
