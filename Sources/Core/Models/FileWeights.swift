public import CatenaEngine
public import CatenaFiles

/// Weights from a Hugging Face folder or a GGUF file.
///
/// Float32 matrices stay views of the mapped file; other encodings are decoded to float32 once.
public struct FileWeights: WeightStore {
    /// Shape and options of the model.
    public var configuration: DecoderConfiguration { source.configuration }
    /// The opened files.
    public var files: WeightFiles { source.files }
    /// What the user should know about the files, a sentence each, when the model has been built.
    var notes: [String] { source.notes }
    let path: String
    private let source: ModelFiles
    /// Threads and memory of the model.
    public let engine: Engine

    /// Opens the model at `path`: a Hugging Face folder or a `.gguf` file.
    ///
    /// - Throws: ``ModelError`` or ``FileError`` that names the file and what is wrong in it.
    public init(modelAt path: String, engine: Engine) throws {
        self.init(try ModelFiles(modelAt: path), path: path, engine: engine)
    }

    init(_ source: ModelFiles, path: String, engine: Engine) {
        (self.source, self.path, self.engine) = (source, path, engine)
    }

    public func vector(_ name: String, count: Int) throws -> Tensor {
        try load(name, rows: 1, columns: count, shape: [count])
    }

    public func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws
        -> any FrozenWeight
    {
        Float32Weight(try load(name, rows: rows, columns: columns, shape: [rows, columns]))
    }

    /// Where the matrix `name` is stored.
    ///
    /// - Throws: ``FileError`` or ``ModelError`` if it is missing, has another shape or holds integers.
    public func stored(_ name: String, rows: Int, columns: Int) throws -> StoredMatrix {
        try find(name, rows: rows, columns: columns, shape: [rows, columns])
    }

    /// Checks that the vector `name` is stored.
    ///
    /// - Throws: as ``stored(_:rows:columns:)``.
    func requireVector(_ name: String, count: Int) throws {
        _ = try find(name, rows: 1, columns: count, shape: [count])
    }

    private func find(_ name: String, rows: Int, columns: Int, shape: [Int]) throws -> StoredMatrix {
        let stored = try source.tensor(storedName(name))
        guard stored.shape == shape else {
            throw ModelError.weightShape(path: path, name: stored.name, expected: shape, found: stored.shape)
        }
        guard !stored.encoding.isInteger else {
            throw FileError.wrongEncoding(
                path: stored.file.path, tensor: stored.name, expected: "a floating-point or GGUF block encoding",
                actual: stored.encoding)
        }
        let interleaved = files.gguf != nil && source.family.ggufInterleavesRotary && GGUFNames.isRotated(name)
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
        guard files.tensors[name] == nil, files.unreadable[name] == nil else { return name }
        let bare = TensorNames.bare(name)
        return files.tensors[bare] == nil && files.unreadable[bare] == nil ? name : bare
    }

    /// Tells a model that was built from these files where it is from.
    public func describe(_ model: LanguageModel) {
        (model.files, model.notes) = (files, notes)
    }

    /// Checks that the numbers of all tensors that the model has read are finite, or of one of `count` parts of each.
    ///
    /// It reads what training and evaluating read anyway, at the speed of memory.
    ///
    /// - Throws: ``FileError/notFinite(path:tensor:)``.
    public func requireFinite(part: Int = 0, of count: Int = 1) throws(FileError) {
        try source.requireFinite(part: part, of: count, engine: engine)
    }
}

extension LanguageModel {
    /// Checks that the files from which the model was read, and is read, are what they were when they were opened.
    ///
    /// - Throws: ``FileError/changed(path:how:)`` for the first that is not.
    package func requireUnchangedFiles() throws(FileError) {
        for file in files?.mappedFiles ?? [] { try file.requireUnchanged() }
    }

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
        let model = try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
        try files.requireFinite()
        files.describe(model)
        return model
    }
}
