/// Weights from a Hugging Face folder or a GGUF file.
///
/// Float32 matrices stay views of the mapped file; other encodings are decoded to float32 once.
public struct FileWeights: WeightProvider {
    /// Shape and options of the model.
    public let configuration: DecoderConfiguration
    /// The opened files.
    public let files: WeightFiles
    let path: String
    private let family: ModelFamily
    /// Threads and memory of the model.
    public let engine: Engine

    /// Opens the model at `path`: a Hugging Face folder or a `.gguf` file.
    ///
    /// - Throws: ``ModelError`` or ``FileError`` that names the file and what is wrong in it.
    public init(modelAt path: String, engine: Engine) throws {
        let files = try WeightFiles.open(path)
        let description = try ModelDescription(modelAt: path, files: files)
        (family, configuration) = try ModelFamily.configuration(of: description)
        self.files = files
        self.path = path
        self.engine = engine
    }

    public func vector(_ name: String, count: Int) throws -> Tensor {
        try load(name, rows: 1, columns: count, shape: [count])
    }

    public func matrix(_ name: String, rows: Int, columns: Int, in block: ModelBlock) throws -> any FrozenWeight {
        Float32Weight(try load(name, rows: rows, columns: columns, shape: [rows, columns]))
    }

    /// Where the matrix `name` is stored.
    ///
    /// - Throws: ``FileError`` or ``ModelError`` if it is missing, has another shape or holds integers.
    public func stored(_ name: String, rows: Int, columns: Int) throws -> StoredMatrix {
        try find(name, rows: rows, columns: columns, shape: [rows, columns])
    }

    private func find(_ name: String, rows: Int, columns: Int, shape: [Int]) throws -> StoredMatrix {
        let stored = try files.tensor(storedName(name))
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

    private func load(_ name: String, rows: Int, columns: Int, shape: [Int]) throws -> Tensor {
        let matrix = try find(name, rows: rows, columns: columns, shape: shape)
        if let mapped = matrix.mappedTensor { return mapped }
        let tensor = engine.memory.tensor(rows: rows, columns: columns)
        matrix.decodeFromFile(into: tensor, threads: engine.threads)
        return tensor
    }

    /// The name in the files; a model that was saved without its head lacks the first part, as the original GPT-2 does.
    private func storedName(_ name: String) -> String {
        if files.gguf != nil { return GGUFNames.name(of: name) ?? name }
        guard files.tensors[name] == nil, let dot = name.firstIndex(of: ".") else { return name }
        let bare = String(name[name.index(after: dot)...])
        return files.tensors[bare] == nil ? name : bare
    }
}

extension LanguageModel {
    /// Reads the model at `path`: a Hugging Face folder or a `.gguf` file.
    ///
    /// - Parameter compute: with `.int8` the matrices are int8 codes and their inputs have 15 bits.
    /// - Throws: ``ModelError`` or ``FileError`` that names the file and what is wrong in it.
    public static func load(
        _ path: String, compute: BaseCompute = .float32, engine: Engine
    ) throws -> LanguageModel {
        let files = try FileWeights(modelAt: path, engine: engine)
        let weights = try FormattedWeights(files, format: BaseFormat(compute: compute))
        defer { if compute == .int8 { files.files.forgetPages() } }
        return try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
    }
}
