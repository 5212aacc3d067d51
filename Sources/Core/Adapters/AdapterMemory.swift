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

extension AttachedAdapter {
    /// Columns of the activations inside all adapters.
    var keptColumns: Int {
        let linear = linearAdapters.reduce(0) { $0 + memory(of: $1).keptColumns }
        return sublayers.reduce(linear) { $0 + $1.adapter.keptColumns }
    }

    /// Numbers that are kept beside the trained ones: buffers, the rule's state, what adapters remember.
    var keptElements: Int {
        let buffered = buffers.reduce(0) { $0 + $1.shape.reduce(1, *) }
        return linearAdapters.reduce(buffered + (rule?.stateElements ?? 0)) { $0 + memory(of: $1).keptElements }
    }

    /// Numbers in the tensors of passes that the pool keeps: for each size as many as the layer has that needs most of it.
    var passElements: Int {
        var counts: [Int: Int] = [:]
        for adapted in linearAdapters {
            for (size, same) in Dictionary(grouping: memory(of: adapted).passTensors, by: \.self) {
                counts[size] = max(counts[size] ?? 0, same.count)
            }
        }
        return counts.reduce(0) { $0 + $1.key * $1.value }
    }

    private func memory(of adapted: (layer: Linear, adapter: any LinearAdapter)) -> AdapterMemory {
        adapted.adapter.memory(rank: section.rank, of: adapted.layer)
    }
}
