import CatenaFiles
import Foundation

extension ModelTemplates {
    /// The templates in a model's folder.
    ///
    /// `chat_template.jinja` and `additional_chat_templates/NAME.jinja` win over `tokenizer_config.json` (a text, or a list of
    /// `{name, template}`), and this over `chat_template.json`. Special tokens come from `tokenizer_config.json`, else from
    /// `special_tokens_map.json`.
    ///
    /// - Throws: ``TokenizerError`` for a file that cannot be read and for values of the wrong type.
    init(folder: String, tokenizerConfiguration: TokenizerField?, specialTokens map: TokenizerField?)
        throws(TokenizerError)
    {
        templates = try Self.jinjaFiles(folder)
        if templates.isEmpty, let field = tokenizerConfiguration?["chat_template"] {
            templates = try Self.templates(field, origin: "tokenizer_config.json")
        }
        let processor = "\(folder)/chat_template.json"
        if templates.isEmpty, FileManager.default.fileExists(atPath: processor),
            let field = try CompanionFiles.document(processor)["chat_template"]
        {
            templates = try Self.templates(field, origin: "chat_template.json")
        }
        for name in Self.specialTokenNames {
            guard let field = tokenizerConfiguration?[name] ?? map?[name] else { continue }
            var content = field
            if case .object = field.value { content = try field.require("content") }
            specialTokens.append(SpecialToken(name, try content.string()))
        }
    }

    private static func jinjaFiles(_ folder: String) throws(TokenizerError) -> [Template] {
        var templates: [Template] = []
        func add(_ name: String, _ file: String) throws(TokenizerError) {
            let path = "\(folder)/\(file)"
            guard let text = String(validating: try CompanionFiles.bytes(path, limit: .template), as: UTF8.self) else {
                throw .invalid(file: path, field: "text", reason: "it is not UTF-8")
            }
            templates.append(Template(name: name, text: text, origin: file))
        }
        if FileManager.default.fileExists(atPath: "\(folder)/chat_template.jinja") {
            try add(defaultName, "chat_template.jinja")
        }
        for name in additionalNames(folder) { try add(name, additionalFile(name)) }
        return templates
    }

    /// The names of the templates in `additional_chat_templates` of a model's folder, sorted.
    package static func additionalNames(_ folder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(additionalFolder)")) ?? []
        return files.filter { $0.hasSuffix(".jinja") }.map { String($0.dropLast(".jinja".count)) }.sorted()
    }

    /// Where the template `name` of those lies in the model's folder.
    package static func additionalFile(_ name: String) -> String { "\(additionalFolder)/\(name).jinja" }

    /// The folder of named templates in a model's folder.
    package static let additionalFolder = "additional_chat_templates"

    private static func templates(_ field: TokenizerField, origin: String) throws(TokenizerError) -> [Template] {
        guard case .array = field.value else { return [Template(text: try field.string(), origin: origin)] }
        var templates: [Template] = []
        for entry in try field.elements() {
            templates.append(
                Template(
                    name: try entry.require("name").string(), text: try entry.require("template").string(),
                    origin: origin))
        }
        return templates
    }
}

extension TokenizerGGUF {
    /// `tokenizer.chat_template`, and the named ones that `tokenizer.chat_templates` lists.
    func templates(_ tokens: [String]) throws(TokenizerError) -> ModelTemplates {
        var templates = ModelTemplates()
        let key = "tokenizer.chat_template"
        if let text = try string(key) { templates.templates.append(.init(text: text, origin: key)) }
        for value in try array(key + "s", required: false) {
            guard case .string(let name) = value else { throw wrongType(key + "s", "an array of strings", value) }
            guard let text = try string("\(key).\(name)") else {
                throw .missingField(file: path, field: "\(key).\(name)")
            }
            templates.templates.append(.init(name: name, text: text, origin: "\(key).\(name)"))
        }
        let keys = ["bos", "eos", "unknown", "seperator", "padding", "cls", "mask"]
        for (name, key) in zip(ModelTemplates.specialTokenNames, keys) {
            guard let id = try id("tokenizer.ggml.\(key)_token_id", count: tokens.count) else { continue }
            templates.specialTokens.append(.init(name, tokens[Int(id)]))
        }
        return templates
    }
}
