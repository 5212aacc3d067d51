import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

extension Inspection {
    static func model(_ path: String) throws -> Inspection {
        var result = Inspection(kind: .model, path: path)
        let files = try WeightFiles.open(path)
        let description = try ModelDescription(modelAt: path, files: files)
        result.add("format", .string(files.gguf == nil ? "Hugging Face" : "GGUF"))
        result.add("model_type", .string(description.modelType))
        do {
            let model = try ModelFiles(files, description, path: path)
            result.add(model.configuration)
            _ = try LanguageModel(
                configuration: model.configuration, weights: CountedWeights(.files(model)),
                engine: Engine(threads: 1))
            for (index, note) in model.notes.enumerated() { result.add("note_\(index + 1)", .string(note)) }
        } catch {
            result.add("not_supported", .string("\(error)"))
        }
        result.describe(files.tensors.values)
        result.add("fingerprint", .string(BaseFingerprint.of(files)))
        if let tokenizer = try? Tokenizer.load(model: path, files: files) {
            result.add("tokenizer_tokens", tokenizer.vocabularySize)
            result.add(
                "end_of_sequence",
                .array(tokenizer.endOfSequenceIds.compactMap { tokenizer.token(of: $0).map { .string($0) } }))
            let templates = tokenizer.templates.templates.map { JSONValue.string("\($0.name) (\($0.origin))") }
            result.add("chat_templates", templates.isEmpty ? .string("none") : .array(templates))
        }
        return result
    }

    private mutating func add(_ configuration: ModelConfiguration) {
        add("family", .string(configuration.family))
        if let images = configuration.images {
            add("images", .string(images.description))
            add("widths", .array(images.widths.map { .integer($0) }))
            add("features", configuration.hiddenSize)
            add("labels", .array((configuration.sequenceHead?.labels ?? []).map { .string($0) }))
            return
        }
        add("layers", configuration.layerCount)
        add("hidden_size", configuration.hiddenSize)
        add("intermediate_size", configuration.intermediateSize)
        add("attention_heads", configuration.attentionHeads)
        add("key_value_heads", configuration.keyValueHeads)
        add("head_dimension", configuration.headDimension)
        add("vocabulary_size", configuration.vocabularySize)
        add("maximum_positions", configuration.maximumPositions)
        if let head = configuration.sequenceHead {
            add("labels", .array(head.labels.map { .string($0) }))
        } else {
            add("tied_embeddings", .bool(configuration.tiesEmbeddings))
        }
    }

    static func ggufAdapter(_ file: GGUFFile) -> Inspection {
        var result = Inspection(kind: .adapter, path: file.path)
        result.add("format", "GGUF")
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
            switch value {
            case .string(let text): result.add(key, .string(text))
            case .integer(let number): result.add(key, .integer(Int(number)))
            case .float(let number): result.add(key, .number(number))
            case .bool(let flag): result.add(key, .bool(flag))
            case .elements: continue
            }
        }
        result.describe(file.tensors.values)
        return result
    }
}
