/// Where a model's frozen weights come from, by their Hugging Face names.
public protocol WeightProvider {
    /// A vector of `count` elements, `[1, count]`.
    func vector(_ name: String, count: Int) throws -> Tensor
    /// A frozen matrix of a linear layer.
    func matrix(_ name: String, rows: Int, columns: Int) throws -> any FrozenWeight
    /// A float32 table whose rows are looked up.
    func table(_ name: String, rows: Int, columns: Int) throws -> Tensor
}
