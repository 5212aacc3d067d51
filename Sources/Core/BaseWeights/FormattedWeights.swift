public import CatenaEngine

/// The weights of a model's files in a chosen storage and arithmetic.
///
/// With int8 the tables of which rows are looked up are read where they lie in the file.
public final class FormattedWeights: WeightStore {
    private let files: FileWeights
    private let format: BaseFormat

    /// - Throws: ``ModelError/unsupportedFeature(path:feature:found:supported:)`` for int8 of matrices stored transposed.
    public init(_ files: FileWeights, format: BaseFormat) throws {
        if format.storage == .int8, files.configuration.storesTransposed {
            throw ModelError.unsupportedFeature(
                path: files.path, feature: "the family for int8 weights", found: files.configuration.family,
                supported: "one whose files do not hold transposed matrices, or base-compute and base-storage float32")
        }
        self.files = files
        self.format = format
    }

    public func vector(_ name: String, count: Int) throws -> Tensor { try files.vector(name, count: count) }

    public func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws
        -> any FrozenWeight
    {
        guard format.storage != .float32 else {
            return try files.matrix(name, rows: rows, columns: columns, role: role, in: block)
        }
        let stored = try files.stored(name, rows: rows, columns: columns)
        let inFile = CompactWeight(stored)
        if role == .embedding { return inFile }
        if format.compute == .int8, max(rows, columns) <= Int8Codes.longestReduction {
            return Int8Weight(
                quantising: inFile, gradientDigits: Int8Weight.gradientDigits(isHead: role == .head),
                keepsOriginal: true,
                engine: files.engine)
        }
        switch format.storage {
        case .int8: return CompactWeight(quantising: inFile, keepsOriginal: true, engine: files.engine)
        default:
            return stored.byteCount <= 2 * stored.count
                ? inFile : CompactWeight(rounding: inFile, keepsOriginal: true, engine: files.engine)
        }
    }
}
