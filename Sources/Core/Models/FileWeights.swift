import Synchronization

/// Weights from a Hugging Face folder or a GGUF file.
///
/// Float32 matrices stay views of the mapped file; other encodings are decoded to float32 once.
public struct FileWeights: WeightProvider {
    private let files: WeightFiles
    private let path: String
    private let family: ModelFamily
    private let configuration: DecoderConfiguration
    private let engine: Engine

    init(
        files: WeightFiles, path: String, family: ModelFamily, configuration: DecoderConfiguration, engine: Engine
    ) {
        self.files = files
        self.path = path
        self.family = family
        self.configuration = configuration
        self.engine = engine
    }

    public func vector(_ name: String, count: Int) throws -> Tensor {
        try load(name, shape: [count])
    }

    public func matrix(_ name: String, rows: Int, columns: Int) throws -> any FrozenWeight {
        Float32Weight(try load(name, shape: [rows, columns]))
    }

    public func table(_ name: String, rows: Int, columns: Int) throws -> Tensor {
        try load(name, shape: [rows, columns])
    }

    private func load(_ name: String, shape: [Int]) throws -> Tensor {
        let stored = try files.tensor(storedName(name))
        guard stored.shape == shape else {
            throw ModelError.weightShape(path: path, name: stored.name, expected: shape, found: stored.shape)
        }
        guard !stored.encoding.isInteger else {
            throw FileError.wrongEncoding(
                path: stored.file.path, tensor: stored.name, expected: "a floating-point or GGUF block encoding",
                actual: stored.encoding)
        }
        let (rows, columns) = (shape.count == 1 ? 1 : shape[0], shape[shape.count - 1])
        let interleaved = files.gguf != nil && family.ggufInterleavesRotary && GGUFNames.isRotated(name)
        if let floats = stored.mappedFloats, !interleaved {
            return Tensor(
                storage: TensorStorage(borrowing: floats, capacity: rows * columns, owner: stored.file),
                rows: rows, columns: columns)
        }
        let tensor = engine.memory.tensor(rows: rows, columns: columns)
        try decode(stored, into: tensor)
        return interleaved ? deinterleaved(tensor) : tensor
    }

    /// The name in the files; a model that was saved without its head lacks the first part, as the original GPT-2 does.
    private func storedName(_ name: String) -> String {
        if files.gguf != nil { return GGUFNames.name(of: name) ?? name }
        guard files.tensors[name] == nil, let dot = name.firstIndex(of: ".") else { return name }
        let bare = String(name[name.index(after: dot)...])
        return files.tensors[bare] == nil ? name : bare
    }

    private func decode(_ stored: StoredTensor, into tensor: Tensor) throws {
        let failure = Mutex<FileError?>(nil)
        engine.threads.runRows(stored.rowCount, minimumPerTask: 16) { rows in
            do throws(FileError) {
                try stored.decodeRows(rows, into: tensor.pointer + rows.lowerBound * stored.rowLength)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private func deinterleaved(_ tensor: Tensor) -> Tensor {
        let result = engine.memory.tensor(rows: tensor.rows, columns: tensor.columns)
        // A bias is a vector whose elements are the rows.
        let (rows, width) = tensor.rows == 1 ? (tensor.columns, 1) : (tensor.rows, tensor.columns)
        for row in 0..<rows {
            let target = GGUFNames.sourceRow(ofInterleaved: row, headDimension: configuration.headDimension)
            (result.pointer + target * width).update(from: tensor.pointer + row * width, count: width)
        }
        return result
    }
}

extension LanguageModel {
    /// Reads the model at `path`: a Hugging Face folder or a `.gguf` file.
    ///
    /// - Throws: ``ModelError`` or ``FileError`` that names the file and what is wrong in it.
    public static func load(_ path: String, engine: Engine) throws -> LanguageModel {
        let files = try WeightFiles.open(path)
        let (family, configuration) = try ModelFamily.configuration(
            of: ModelDescription(modelAt: path, files: files))
        let weights = FileWeights(
            files: files, path: path, family: family, configuration: configuration, engine: engine)
        return try LanguageModel(configuration: configuration, weights: weights, engine: engine)
    }
}
