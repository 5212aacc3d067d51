/// Records the operations of one block so that their gradients can be computed in reverse order.
///
/// A tape covers one block (an embedding, a transformer layer, the head), never the whole model; this
/// is what lets a block be recomputed, or its weights be gathered, on its own. Operations are
/// extensions of `Tape`, one file each: forward, backward, formula and shapes together.
public final class Tape {
    /// Threads and memory of the computation.
    public let engine: Engine
    /// False in inference: operations compute values only and keep nothing.
    public let isRecording: Bool
    /// Identifies this use of the block, for operations that draw random numbers.
    public let randomKey: RandomKey
    /// What adapters made of their parameters in an earlier pass; nil where they make it anew in each.
    package let keptFactors: KeptFactors?
    private var backwardSteps: [() -> Void] = []
    private var recomputable: [Variable] = []

    /// An empty tape.
    public init(engine: Engine, isRecording: Bool, randomKey: RandomKey = .none) {
        self.engine = engine
        self.isRecording = isRecording
        self.randomKey = randomKey
        keptFactors = nil
    }

    /// A tape of one of many passes between which no parameter changes; it records nothing.
    package init(engine: Engine, keeping factors: KeptFactors) {
        self.engine = engine
        isRecording = false
        randomKey = .none
        keptFactors = factors
    }

    /// Appends the backward step of an operation whose `output` has just been computed.
    ///
    /// The step runs only if a gradient has reached `output`. It receives that gradient.
    public func record(_ output: Variable, _ backward: @escaping (Tensor) -> Void) {
        guard isRecording, output.requiresGradient else { return }
        output.isResult = true
        backwardSteps.append {
            guard let gradient = output.takeGradient() else { return }
            backward(gradient)
        }
    }

    /// A variable for the result of an operation, whose value `recompute` can restore. With `madeAgainBackward` the
    /// operation's backward step has the value too, and gives it to those who wait for it.
    func recomputable(
        _ value: Tensor, requiresGradient: Bool, madeAgainBackward: Bool = false,
        _ recompute: @escaping () -> Tensor
    ) -> Variable {
        guard isRecording else { return Variable(value, requiresGradient: requiresGradient) }
        let variable = Variable(
            value, requiresGradient: requiresGradient, recompute: recompute, madeAgainBackward: madeAgainBackward)
        recomputable.append(variable)
        return variable
    }

    /// Drops every value that the backward pass can restore cheaply. Called when the block's forward
    /// pass is over.
    public func finishForward() {
        for variable in recomputable { variable.dropRecomputable() }
        recomputable.removeAll(keepingCapacity: true)
    }

    /// Runs the recorded steps in reverse from `output`, whose gradient is `gradient`, and forgets
    /// them; each activation is released as soon as its last user has run.
    public func backward(from output: Variable, gradient: Tensor) {
        backward(from: [(output, gradient)])
    }

    /// The same from several outputs with a gradient each.
    public func backward(from outputs: [(output: Variable, gradient: Tensor)]) {
        for (output, gradient) in outputs { output.gradient = gradient }
        while let step = backwardSteps.popLast() { step() }
    }
}
