public import CatenaEngine
package import CatenaFiles

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
        _ path: String, for purpose: ModelPurpose = ModelPurpose(), compute: BaseCompute = .float32, engine: Engine
    ) throws -> LanguageModel {
        let files = try ModelFiles(modelAt: path, for: purpose)
        defer { if compute == .int8 { files.files.forgetPages() } }
        let weights = ReplicatedWeights(files, format: BaseFormat(compute: compute), engine: engine)
        let model = try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
        try files.requireFinite(engine: engine)
        files.describe(model)
        return model
    }
}
