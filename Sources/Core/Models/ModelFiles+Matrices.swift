package import CatenaEngine
import CatenaFiles

/// Where the model's matrices and vectors are stored, by their Hugging Face names.
extension ModelFiles {
    /// Where the matrix `name` is stored.
    ///
    /// - Throws: ``FileError`` or ``ModelError`` if it is missing, has another shape or holds integers.
    package func stored(_ name: String, rows: Int, columns: Int) throws -> StoredMatrix {
        try find(name, rows: rows, columns: columns, shape: [rows, columns])
    }

    /// The form in which `format` multiplies the matrix `name`.
    ///
    /// - Throws: as ``stored(_:rows:columns:)``; ``ModelError/unsupportedFeature(path:feature:found:supported:)`` for int8 of
    ///   matrices that are stored transposed.
    package func form(
        _ name: String, rows: Int, columns: Int, role: Role, _ format: BaseFormat
    ) throws -> any WeightForm {
        if format.storage == .int8, configuration.storesTransposed {
            throw ModelError.unsupportedFeature(
                path: path, feature: "the family for int8 weights", found: configuration.family,
                supported: "one whose files do not hold transposed matrices, or base-compute and base-storage float32")
        }
        return format.form(of: try stored(name, rows: rows, columns: columns), role: role)
    }

    /// The tensor `name`, all but its last dimension as rows: where it lies in the file if it stands there as float32, else decoded.
    ///
    /// - Throws: as ``stored(_:rows:columns:)``.
    package func tensor(_ name: String, shape: [Int], engine: Engine) throws -> Tensor {
        let stored = try requireTensor(name, shape: shape)
        if let mapped = stored.mappedTensor { return mapped }
        let (rows, columns) = shape.rowsAndColumns
        let tensor = engine.memory.tensor(rows: rows, columns: columns)
        stored.decodeFromFile(into: tensor, threads: engine.threads)
        return tensor
    }

    /// Checks that the tensor `name` is stored.
    ///
    /// - Throws: as ``stored(_:rows:columns:)``.
    @discardableResult
    func requireTensor(_ name: String, shape: [Int]) throws -> StoredMatrix {
        let (rows, columns) = shape.rowsAndColumns
        return try find(name, rows: rows, columns: columns, shape: shape)
    }

    private func find(_ name: String, rows: Int, columns: Int, shape: [Int]) throws -> StoredMatrix {
        let stored = try tensor(storedName(name))
        guard stored.shape == shape else {
            throw ModelError.weightShape(path: path, name: stored.name, expected: shape, found: stored.shape)
        }
        guard !stored.encoding.isInteger else {
            throw FileError.wrongEncoding(
                path: stored.file.path, tensor: stored.name, expected: "a floating-point or GGUF block encoding",
                actual: stored.encoding)
        }
        let interleaved = files.gguf != nil && family.ggufInterleavesRotary && GGUFNames.isRotated(name)
        return StoredMatrix(
            stored: stored, rows: rows, columns: columns,
            interleavedHead: interleaved ? configuration.headDimension : nil)
    }

    /// The name in the files.
    private func storedName(_ name: String) -> String {
        if files.gguf != nil { return GGUFNames.name(of: name) ?? name }
        return names.inFiles(name, files) ?? name
    }
}
