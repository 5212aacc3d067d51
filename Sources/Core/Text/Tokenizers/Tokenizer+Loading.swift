public import CatenaFiles
import Foundation

extension Tokenizer {
    /// Reads the tokenizer of a model: a Hugging Face folder, a `tokenizer.json`, or a `.gguf` file.
    ///
    /// - Parameter files: the model's weights, where they are open already.
    public static func load(model path: String, files: WeightFiles? = nil) throws -> Tokenizer {
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw TokenizerError.noTokenizer(path: path)
        }
        if isDirectory.boolValue {
            let file = path + "/tokenizer.json"
            guard FileManager.default.fileExists(atPath: file) else { throw TokenizerError.noTokenizer(path: path) }
            return try Tokenizer(tokenizerJSON: file)
        }
        if path.lowercased().hasSuffix(".gguf") {
            return try Tokenizer(gguf: (files?.gguf ?? GGUFFile(path: path)).metadata, path: path)
        }
        return try Tokenizer(tokenizerJSON: path)
    }

    /// Reads a Hugging Face `tokenizer.json`, and beside it, where they exist, `tokenizer_config.json`,
    /// `special_tokens_map.json`, `generation_config.json`, `config.json` and the chat templates.
    ///
    /// - Throws: ``TokenizerError`` for unreadable or inconsistent files and for components that are not supported.
    package convenience init(tokenizerJSON path: String) throws(TokenizerError) {
        let root = try CompanionFiles.document(path)
        var parts = try TokenizerJSON.parts(root)
        let companions = try CompanionFiles(besides: path)
        try companions.complete(&parts, templateStart: try TokenizerJSON.templateStart(root))
        parts.sequenceTemplate = Result { () throws(TokenizerError) in
            try SequenceTemplate(root["post_processor"]) ?? SequenceTemplate(beginningOfSequence: nil)
        }
        self.init(parts: parts)
    }

    /// Reads the `tokenizer.*` metadata of a GGUF file; `path` is named in errors.
    ///
    /// - Throws: ``TokenizerError`` for missing or inconsistent metadata and for models that are not supported.
    package convenience init(gguf metadata: [String: GGUFValue], path: String) throws(TokenizerError) {
        self.init(parts: try TokenizerGGUF(metadata: metadata, path: path).parts())
    }
}

/// The files beside a tokenizer.json that say which tokens start and end a sequence.
struct CompanionFiles {
    private let tokenizerConfiguration: TokenizerField?
    private let specialTokens: TokenizerField?
    private let generation: TokenizerField?
    private let model: TokenizerField?
    private let templates: ModelTemplates

    init(besides path: String) throws(TokenizerError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        func read(_ name: String) throws(TokenizerError) -> TokenizerField? {
            let file = path.contains("/") ? "\(folder)/\(name)" : name
            return FileManager.default.fileExists(atPath: file) ? try Self.document(file) : nil
        }
        tokenizerConfiguration = try read("tokenizer_config.json")
        specialTokens = try read("special_tokens_map.json")
        generation = try read("generation_config.json")
        model = try read("config.json")
        templates = try ModelTemplates(
            folder: path.contains("/") ? folder : ".", tokenizerConfiguration: tokenizerConfiguration,
            specialTokens: specialTokens)
    }

    static func document(_ path: String) throws(TokenizerError) -> TokenizerField {
        let bytes = try bytes(path)
        do throws(JSONSyntaxError) {
            return TokenizerField(try JSONValue.parse(bytes), path: path)
        } catch {
            throw .malformedJSON(file: path, byteOffset: error.byteOffset, reason: error.reason)
        }
    }

    static func bytes(_ path: String, limit: SizeLimit = .tokenizer) throws(TokenizerError) -> [UInt8] {
        do throws(FileError) {
            return try InputFile.contents(of: path, limit: limit)
        } catch {
            throw .unreadable(file: path, reason: "\(error)".trimmingCharacters(in: ["."]))
        }
    }

    func complete(_ parts: inout TokenizerParts, templateStart: String?) throws(TokenizerError) {
        let idOfContent = Dictionary(parts.addedTokens.map { ($0.content, $0.id) }) { first, _ in first }
        func id(_ token: String?) -> Int32? {
            guard let token else { return nil }
            return idOfContent[Array(token.utf8)] ?? parts.model.vocabulary.id(of: token)
        }
        let configuredStart = try ids(model, "bos_token_id").first
        let start = id(try named("bos_token")) ?? configuredStart ?? id(templateStart)
        var ends = [id(try named("eos_token"))].compactMap { $0 }
        for end in try ids(generation, "eos_token_id") + ids(model, "eos_token_id") where !ends.contains(end) {
            ends.append(end)
        }
        let addsStart = try tokenizerConfiguration?["add_bos_token"]?.bool()
        parts.beginningOfSequenceId = start
        parts.endOfSequenceIds = ends
        parts.addsBeginningOfSequence = addsStart ?? (templateStart != nil && id(templateStart) == start)
        parts.templates = templates
    }

    /// A special token by role: a string, or an object with its content.
    private func named(_ role: String) throws(TokenizerError) -> String? {
        for file in [tokenizerConfiguration, specialTokens] {
            guard let field = file?[role] else { continue }
            if case .object = field.value { return try field.require("content").string() }
            return try field.string()
        }
        return nil
    }

    /// One id or a list of ids.
    private func ids(_ file: TokenizerField?, _ key: String) throws(TokenizerError) -> [Int32] {
        guard let field = file?[key] else { return [] }
        var fields = [field]
        if case .array = field.value { fields = try field.elements() }
        var ids: [Int32] = []
        for field in fields {
            guard let id = Int32(exactly: try field.int()), id >= 0 else { continue }
            ids.append(id)
        }
        return ids
    }
}
