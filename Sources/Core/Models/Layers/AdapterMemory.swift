/// What the adapter of a linear layer takes beside its parameters and buffers, from shapes alone.
public struct AdapterMemory: Sendable, Equatable {
    /// Columns of the activations that it keeps from the forward to the backward pass.
    public var keptColumns = 0
    /// Numbers that it keeps from one pass to the next.
    public var keptElements = 0
    /// Numbers in each tensor that a pass over the layer makes whatever its tokens, and releases before the next layer; the
    /// pool keeps them, so that layers of the same shape use the same.
    public var passTensors: [Int] = []

    /// No more than these columns.
    public init(keptColumns: Int = 0) { self.keptColumns = keptColumns }
}
