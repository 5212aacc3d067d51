/// The keys and values of one sequence that later tokens attend to, for every layer.
public final class KeyValueCache {
    /// Tokens held by every layer.
    package private(set) var length = 0
    /// Tokens that fit.
    package let capacity: Int
    private let keys: [Tensor]
    private let values: [Tensor]

    /// An empty cache for `capacity` tokens in `layerCount` layers, whose keys and values are `width` wide each.
    package init(capacity: Int, layerCount: Int, width: Int, memory: TensorMemory) {
        self.capacity = capacity
        keys = (0..<layerCount).map { _ in memory.tensor(rows: capacity, columns: width) }
        values = (0..<layerCount).map { _ in memory.tensor(rows: capacity, columns: width) }
    }

    /// Keys of layer `layer`, `[capacity, keyValueWidth]`; the first `length` rows are valid.
    func keys(layer: Int) -> Tensor { keys[layer] }

    /// Values of layer `layer`, laid out like the keys.
    func values(layer: Int) -> Tensor { values[layer] }

    /// Writes the new rows of one layer behind the `length` rows that are there.
    func write(keys newKeys: Tensor, values newValues: Tensor, layer: Int) {
        precondition(length + newKeys.rows <= capacity, "a cache for \(capacity) tokens is full")
        keys[layer].rows(length..<length + newKeys.rows).copy(from: newKeys)
        values[layer].rows(length..<length + newValues.rows).copy(from: newValues)
    }

    /// Counts tokens that all layers have written.
    package func advance(by count: Int) { length += count }
}
