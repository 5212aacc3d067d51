public import CatenaEngine

/// Where a model's frozen weights come from, by their Hugging Face names.
public protocol WeightProvider {
    /// A vector of `count` elements, `[1, count]`; always at hand.
    func vector(_ name: String, count: Int) throws -> Tensor
    /// A frozen matrix of `block`: of a linear layer, or a table whose rows are looked up.
    func matrix(_ name: String, rows: Int, columns: Int, in block: BlockID) throws -> any FrozenWeight
    /// What brings the matrices of a block to where they are used; nil if all are always there.
    var residency: (any BlockResidency)? { get }
}

extension WeightProvider {
    public var residency: (any BlockResidency)? { nil }
}
