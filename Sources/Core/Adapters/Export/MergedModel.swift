import CatenaEngine
package import CatenaFiles
package import CatenaModels
import CatenaText
import Foundation

/// Writes a model with its adapters folded in as a Hugging Face folder.
package enum MergedModel {
    /// Files beside the weights that are copied from a Hugging Face folder.
    private static let companions = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json",
        "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json", "chat_template.jinja",
        "chat_template.json",
    ]

    /// Writes `config.json`, `model.safetensors` (W + ΔW) and the tokenizer's files, for a GGUF base those made from
    /// its metadata.
    ///
    /// - Parameters:
    ///   - source: the folder or file the model was loaded from.
    ///   - storage: float32, bfloat16 or float16.
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if the adapter is no change of the model's own tensors.
    /// - Returns: what the user should know about the result, one sentence each.
    package static func write(
        _ model: LanguageModel, source: String, to output: String, storage: TensorEncoding = .float32
    ) throws -> [String] {
        guard model.attached?.isMergeable ?? true else {
            throw AdapterError.notRepresentable(
                format: "merged",
                reason: "its method adds functions between layers, which no matrix can hold; use --format peft")
        }
        let isFolder = FileManager.default.fileExists(atPath: source + "/config.json")
        let templates = isFolder ? ModelTemplates.additionalNames(source).map(ModelTemplates.additionalFile) : []
        let copied =
            (isFolder ? companions.filter { FileManager.default.fileExists(atPath: source + "/" + $0) } : [])
            + templates
        for name in isFolder ? ["config.json"] + copied : [] { try ModelFolder.requireOwn(name, in: source) }
        let configuration =
            isFolder
            ? try copiedConfiguration(
                source + "/config.json", dtype: storage.rawValue, hasHead: model.separateHead != nil,
                sequenceHead: model.configuration.sequenceHead)
            : try ModelConfigurationFile.json(of: model.configuration, dtype: storage.rawValue)
        let staged = try StagedFolder(path: output)
        try weights(of: model, storage: storage).write(to: staged.stagingPath + "/model.safetensors")
        try configuration.write(to: staged.stagingPath + "/config.json")
        var notes: [String] = []
        if isFolder {
            if !templates.isEmpty {
                try DurableFolder.create(staged.stagingPath + "/" + ModelTemplates.additionalFolder)
            }
            for name in copied {
                let bytes = unsafe try MappedFile(path: source + "/" + name).withBytes { unsafe Array($0) }
                try DurableFile.write(bytes, to: staged.stagingPath + "/" + name)
            }
        } else {
            notes += try tokenizer(source, to: staged.stagingPath)
        }
        try model.requireUnchangedFiles()
        try staged.commit()
        return notes
    }

    /// The tokenizer's files from the metadata of a GGUF file, or a note about what is missing.
    private static func tokenizer(_ source: String, to folder: String) throws -> [String] {
        do {
            guard source.lowercased().hasSuffix(".gguf") else { throw TokenizerError.noTokenizer(path: source) }
            try Tokenizer(gguf: try GGUFFile(path: source).metadata, path: source).writeHuggingFaceFiles(to: folder)
            return []
        } catch let error as TokenizerError {
            return [
                "no tokenizer was written; copy the tokenizer's files of the original model into the folder before using "
                    + "it: \(error)"
            ]
        }
    }

    /// The base's configuration with the encoding of the weights that are written, and whether they have a head.
    private static func copiedConfiguration(
        _ path: String, dtype: String, hasHead: Bool, sequenceHead: SequenceHead?
    ) throws(FileError) -> JSONValue {
        var members = try JSONDocument.read(path: path).members()
        for key in ["torch_dtype", "dtype"] where members[key] != nil { members[key] = .string(dtype) }
        if hasHead, members["tie_word_embeddings"] == .bool(true) { members["tie_word_embeddings"] = .bool(false) }
        if let sequenceHead { members = members.merging(ModelConfigurationFile.members(of: sequenceHead, in: members)) }
        return .object(members)
    }

    /// A tensor at a time, so that only one merged matrix is in memory.
    private static func weights(of model: LanguageModel, storage: TensorEncoding) -> SafetensorsWriter {
        var writer = SafetensorsWriter()
        for tensor in model.filedTensors {
            writer.append(tensor.name, shape: tensor.shape, .generated(storage) { tensor.value().elements() })
        }
        return writer
    }
}
