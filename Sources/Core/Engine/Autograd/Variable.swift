/// A tensor in a computation, with its gradient once the backward pass has reached it.
public final class Variable {
    private var stored: Tensor?
    private let shape: (rows: Int, columns: Int)
    private let recompute: (() -> Tensor)?
    private let madeAgainBackward: Bool
    private var waitingUsers: [(Tensor) -> Void] = []
    /// Whether the backward pass needs to come here at all; frozen inputs cost no product.
    public let requiresGradient: Bool
    /// Whether a recorded operation made it, so that a backward step needs its whole gradient.
    var isResult = false
    /// `dL/dvalue`, or nil while nothing has been added. A parameter's is a view of the flat buffer.
    public internal(set) var gradient: Tensor? {
        didSet { GradientOwnership.moved(from: oldValue, to: gradient) }
    }

    /// A variable that holds `value`.
    public init(_ value: Tensor, requiresGradient: Bool, gradient: Tensor? = nil) {
        self.stored = value
        self.shape = (value.rows, value.columns)
        self.recompute = nil
        self.madeAgainBackward = false
        self.requiresGradient = requiresGradient
        self.gradient = gradient
        GradientOwnership.moved(from: nil, to: gradient)
    }

    deinit { GradientOwnership.moved(from: gradient, to: nil) }

    /// A variable whose value can be dropped between forward and backward, because `recompute` makes
    /// the same bits again from what is kept anyway.
    init(
        _ value: Tensor, requiresGradient: Bool, recompute: @escaping () -> Tensor, madeAgainBackward: Bool
    ) {
        self.stored = value
        self.shape = (value.rows, value.columns)
        self.recompute = recompute
        self.madeAgainBackward = madeAgainBackward
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

    /// Those who wait for the value; the caller calls them with it.
    func takeWaitingUsers() -> [(Tensor) -> Void] {
        defer { waitingUsers = [] }
        return waitingUsers
    }

    /// Forgets the value if it can be recomputed.
    func dropRecomputable() {
        if recompute != nil { stored = nil }
    }

    /// Gives `body` the memory to which a contribution to the gradient is written, and whether it has
    /// to be added to what is there (`accumulate`) or overwrites it.
    package func addGradient(_ memory: TensorMemory, _ body: (Tensor, _ accumulate: Bool) -> Void) {
        guard requiresGradient else { return }
        if let gradient {
            GradientOwnership.willWrite(gradient, heldBy: 1)
            body(gradient, true)
        } else {
            let fresh = memory.activation(rows: shape.rows, columns: shape.columns)
            body(fresh, false)
            gradient = fresh
        }
    }

    /// Adds to the gradient of `target` what `body` makes of this variable's value: now, or, where the value was dropped
    /// and the backward step of its own operation makes it again anyway, then. What waits is for leaves only: an operation's
    /// result needs its gradient sooner. The caller also adds to this variable's gradient, so that there is such a step.
    func addGradient(
        to target: Variable, _ memory: TensorMemory,
        _ body: @escaping (_ value: Tensor, Tensor, _ accumulate: Bool) -> Void
    ) {
        guard target.requiresGradient else { return }
        let use = { (value: Tensor) in target.addGradient(memory) { body(value, $0, $1) } }
        if stored == nil, madeAgainBackward, requiresGradient, !target.isResult {
            waitingUsers.append(use)
        } else {
            use(value)
        }
    }

    /// Takes the gradient out, leaving none.
    package func takeGradient() -> Tensor? {
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
            GradientOwnership.willWrite(gradient, heldBy: 1)
            engine.add(contribution, into: gradient)
        } else {
            gradient = contribution
        }
    }
}
