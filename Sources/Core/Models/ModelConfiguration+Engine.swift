public import CatenaEngine

extension ModelConfiguration {
    /// The heads of a layer's attention.
    package var attentionShape: AttentionShape {
        var shape = AttentionShape(
            queryHeads: attentionHeads, keyValueHeads: keyValueHeads, headDimension: headDimension,
            scale: attentionScale, slidingWindow: slidingWindow, softCap: attentionSoftCap)
        shape.isBidirectional = isBidirectional
        return shape
    }

    /// The heads of one layer's attention.
    public func attentionShape(layer: Int) -> AttentionShape {
        var shape = attentionShape
        if wholeAttentionLayers.contains(layer) { shape.slidingWindow = nil }
        return shape
    }

    /// The rotary embedding's angles.
    public func rotaryTable(memory: TensorMemory) -> RotaryTable {
        RotaryTable(
            frequencies: rotaryScaling.frequencies(base: rotaryBase, headDimension: headDimension), memory: memory)
    }

    /// An empty cache for `capacity` tokens of one sequence.
    package func keyValueCache(capacity: Int, memory: TensorMemory) -> KeyValueCache {
        KeyValueCache(capacity: capacity, layerCount: layerCount, width: keyValueWidth, memory: memory)
    }
}
