package import CatenaFiles

extension SafetensorsValues {
    /// The numbers of a tensor in memory, read when their turn comes.
    package static func tensor(_ tensor: Tensor) -> SafetensorsValues {
        .float32Memory(UnsafeBufferPointer(start: tensor.pointer, count: tensor.count), owner: tensor.storage)
    }
}
