import CatenaLearning
import CatenaFiles
import CatenaText
import Foundation
import Testing

@Suite("A model's chat templates")
struct ModelTemplatesTests {
    /// Folders and the templates that transformers finds in them.
    private static func folders() throws -> [[String: Any]] {
        let file = TokenizerFixtures.repository.appending(path: "Tests/Fixtures/chat-templates/sources.json")
        let root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        return try #require(root?["folders"] as? [[String: Any]])
    }

    @Test("each folder gives the template that transformers takes, with and without tools")
    func sources() throws {
        let folders = try Self.folders()
        #expect(folders.count > 12)
        for folder in folders {
            let name = try #require(folder["name"] as? String)
            var files = ["tokenizer.json": TokenizerFixtures.smallJSON]
            for (file, content) in try #require(folder["files"] as? [String: Any]) {
                files[file] =
                    try content as? String
                    ?? String(decoding: JSONSerialization.data(withJSONObject: content), as: UTF8.self)
            }
            let tokenizer = try TokenizerFixtures.withFolder(files) { try Tokenizer.load(model: $0) }
            for (key, hasTools) in [("without_tools", false), ("with_tools", true)] {
                let expected = try #require(folder[key] as? [String: Any])
                let found = tokenizer.templates.template(hasTools: hasTools)
                // What only a processor reads is Catena's last choice.
                if name == "chat_template.json alone" {
                    #expect(found?.origin == "chat_template.json")
                    continue
                }
                #expect(found?.text == expected["chat_template"] as? String, "\(name), \(key)")
                guard let text = expected["text"] as? String else { continue }
                var conversation = Conversation(messages: [.init("user", "Hi")])
                if hasTools { conversation.tools = [["type": "function"]] }
                let encoder = try ExampleEncoder(
                    tokenizer: tokenizer, template: try ChatTemplate(named: "auto", tokenizer: tokenizer),
                    maximumLength: 64)
                let prompt = try encoder.prompt(for: SourcedExample(.conversation(conversation), file: "f", line: 1))
                #expect(prompt?.text == text, "\(name), \(key)")
            }
        }
    }

    @Test("GGUF metadata hold a default template, named ones and the texts of special tokens")
    func gguf() throws {
        let tokens = ["<unk>", "<s>", "</s>", "a"]
        var metadata: [String: GGUFValue] = [
            "tokenizer.ggml.model": .string("llama"), "tokenizer.ggml.tokens": .array(tokens.map { .string($0) }),
            "tokenizer.ggml.scores": .array(tokens.map { _ in .float(0) }),
            "tokenizer.ggml.token_type": .array([2, 3, 3, 1].map { .integer($0) }),
            "tokenizer.ggml.bos_token_id": .integer(1), "tokenizer.ggml.eos_token_id": .integer(2),
            "tokenizer.chat_template": .string("D"), "tokenizer.chat_templates": .array([.string("tool_use")]),
            "tokenizer.chat_template.tool_use": .string("T"),
        ]
        let templates = try Tokenizer(gguf: metadata, path: "m.gguf").templates
        #expect(templates.template(hasTools: false) == .init(text: "D", origin: "tokenizer.chat_template"))
        #expect(templates.template(hasTools: true)?.text == "T")
        #expect(templates.specialTokens == [.init("bos_token", "<s>"), .init("eos_token", "</s>")])
        metadata["tokenizer.chat_template.tool_use"] = nil
        #expect(
            throws: TokenizerError.missingField(file: "m.gguf", field: "tokenizer.chat_template.tool_use")
        ) { try Tokenizer(gguf: metadata, path: "m.gguf") }
    }

    @Test("a template that is not text is refused with its place")
    func wrongType() {
        let files = ["tokenizer.json": TokenizerFixtures.smallJSON, "tokenizer_config.json": #"{"chat_template": 1}"#]
        #expect {
            try TokenizerFixtures.withFolder(files) { try Tokenizer.load(model: $0) }
        } throws: { "\($0)".contains("chat_template") && "\($0)".contains("tokenizer_config.json") }
    }
}
