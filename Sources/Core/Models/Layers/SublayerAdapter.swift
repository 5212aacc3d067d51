public import CatenaEngine

/// The two parts of a transformer layer.
public enum Sublayer: Sendable, CaseIterable {
    /// Self-attention with its output projection.
    case attention
    /// The feed-forward part.
    case feedForward
}

/// A trainable function between a sublayer and the residual stream.
public protocol SublayerAdapter: AnyObject {
    /// Where it stands, which the names of its tensors begin with.
    var path: String { get }
    /// Columns of the activations that it keeps from the forward to the backward pass.
    var keptColumns: Int { get }
    /// The hidden states after the sublayer; without an adapter they are `residual + output`, all `[N, D]`.
    func join(_ output: Variable, residual: Variable, on tape: Tape) -> Variable
}

/// The sublayer adapters of one transformer layer.
public struct SublayerAdapters {
    private var attention: (any SublayerAdapter)?
    private var feedForward: (any SublayerAdapter)?

    /// None.
    public init() {}

    /// Whether there are none.
    var isEmpty: Bool { attention == nil && feedForward == nil }

    package subscript(place: Sublayer) -> (any SublayerAdapter)? {
        get { place == .attention ? attention : feedForward }
        set { if place == .attention { attention = newValue } else { feedForward = newValue } }
    }

    /// `residual + output`, through the adapter at `place` if there is one.
    public func join(_ output: Variable, residual: Variable, at place: Sublayer, on tape: Tape) -> Variable {
        guard let adapter = self[place] else { return tape.residual(residual, output) }
        return adapter.join(output, residual: residual, on: tape)
    }
}
