public import CatenaEngine

/// The weights of a model's files, whole in this process: where they lie in the mapped files if they can be used there, else in
/// memory of its own.
public struct ReplicatedWeights: WeightStore {
    private let files: ModelFiles
    private let format: BaseFormat
    private let engine: Engine

    /// The weights of `files` in `format`.
    public init(_ files: ModelFiles, format: BaseFormat = .float32, engine: Engine) {
        (self.files, self.format, self.engine) = (files, format, engine)
    }

    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        try files.tensor(name, shape: shape, engine: engine)
    }

    public func matrix(
        _ name: String, rows: Int, columns: Int, role: Role, in block: BlockID
    ) throws -> any FrozenWeight {
        try files.form(name, rows: rows, columns: columns, role: role, format).placed(engine: engine)
    }
}
