import CatenaEngine

/// Makes the linear layers and norms of one layer from its weights.
public struct LayerParts {
    /// The layer's path and a dot.
    let prefix: String
    let block: BlockID
    let weights: any WeightStore
    /// Whether the files hold the matrices' transposes.
    var storesTransposed = false

    /// The parts of the layer `prefix` (a path and a dot), which is `block`.
    public init(prefix: String, block: BlockID, weights: any WeightStore, storesTransposed: Bool = false) {
        (self.prefix, self.block, self.weights) = (prefix, block, weights)
        self.storesTransposed = storesTransposed
    }

    /// The linear layer `prefix + name`, `[out, input]`.
    public func linear(_ name: String, _ role: Role, _ out: Int, _ input: Int, bias: Bool) throws -> Linear {
        let path = prefix + name
        let (rows, columns) = storesTransposed ? (input, out) : (out, input)
        return Linear(
            path: path, role: role,
            weight: try weights.matrix(path + ".weight", rows: rows, columns: columns, role: role, in: block),
            bias: bias
                ? LayerVector(name: path + ".bias", value: try weights.vector(path + ".bias", count: out)) : nil,
            storesTransposed: storesTransposed)
    }

    /// The norm `prefix + name`.
    public func norm(_ name: String, _ kind: Norm.Kind, width: Int, epsilon: Float) throws -> Norm {
        try Norm(kind, path: prefix + name, width: width, epsilon: epsilon, weights: weights)
    }
}
