import CatenaModels

extension AttachedAdapter {
    /// Columns of the activations inside all adapters.
    package var keptColumns: Int {
        let linear = linearAdapters.reduce(0) { $0 + memory(of: $1).keptColumns }
        return sublayers.reduce(linear) { $0 + $1.adapter.keptColumns }
    }

    /// Numbers that are kept beside the trained ones: buffers, the rule's state, what adapters remember.
    package var keptElements: Int {
        let buffered = buffers.reduce(0) { $0 + $1.shape.reduce(1, *) }
        return linearAdapters.reduce(buffered + (rule?.stateElements ?? 0)) { $0 + memory(of: $1).keptElements }
    }

    /// Numbers in the tensors of passes that the pool keeps: for each size as many as the layer has that needs most of it.
    package var passElements: Int {
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
