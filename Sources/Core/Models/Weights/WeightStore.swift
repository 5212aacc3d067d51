public import CatenaEngine

/// Where a model's frozen weights come from, by their Hugging Face names.
///
/// Files, placement and products compose: a store asks the model's files where a matrix is stored, the format in which form it
/// is multiplied (a ``WeightForm``), and decides where the bytes of that form lie.
public protocol WeightStore {
    /// A tensor of `shape`, all but the last dimension as rows; always at hand.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor
    /// A frozen matrix of `block` with the purpose `role`: of a linear layer, or a table whose rows are looked up.
    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight
    /// What brings the matrices of a block to where they are used; nil if all are always there.
    var residency: (any BlockResidency)? { get }
}

extension WeightStore {
    public var residency: (any BlockResidency)? { nil }
}

extension WeightStore {
    /// A vector of `count` elements, `[1, count]`; always at hand.
    public func vector(_ name: String, count: Int) throws -> Tensor { try tensor(name, shape: [count]) }
}

extension [Int] {
    /// The shape as that of a matrix: all but the last dimension are rows.
    package var rowsAndColumns: (rows: Int, columns: Int) { (dropLast().reduce(1, *), last ?? 1) }
}
