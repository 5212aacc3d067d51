import CatenaLearning
import CatenaText
import Foundation
import Testing

@Suite("Ids and masks of conversations")
struct TemplateIdsTests {
    private struct Oracle: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }

        struct Case: Decodable {
            let tokenizer: String
            let messages: [Message]
            let ids: [Int32]
            let mask: [Int32]
            let promptIds: [Int32]
        }

        let chatTemplate: String
        let cases: [Case]
    }

    @Test("a conversation has the ids and the learned tokens that apply_chat_template gives, a prompt too")
    func idsAndMasks() throws {
        let file = TokenizerFixtures.repository.appending(path: "Tests/Fixtures/template-ids/ids.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let oracle = try decoder.decode(Oracle.self, from: Data(contentsOf: file))
        #expect(oracle.cases.count == 90)
        for name in Set(oracle.cases.map(\.tokenizer)) {
            let json = try String(
                contentsOf: TokenizerFixtures.committed.appending(path: "\(name)/tokenizer.json"), encoding: .utf8)
            let configuration = #"{"bos_token": "<s>", "eos_token": "</s>"}"#
            let files = [
                "tokenizer.json": json, "tokenizer_config.json": configuration,
                "chat_template.jinja": oracle.chatTemplate,
            ]
            let tokenizer = try TokenizerFixtures.withFolder(files) { try Tokenizer.load(model: $0) }
            let encoder = try ExampleEncoder(
                tokenizer: tokenizer, template: try ChatTemplate(named: "auto", tokenizer: tokenizer),
                maximumLength: 4096)
            for one in oracle.cases where one.tokenizer == name {
                let messages = one.messages.map { Conversation.Message($0.role, $0.content) }
                let sourced = SourcedExample(.conversation(Conversation(messages: messages)), file: "f", line: 1)
                let examples = try encoder.encode(sourced)
                let place: Comment = "\(name): \(one.messages)"
                #expect(examples.count == 1, place)
                #expect(examples.first?.inputIds == one.ids, place)
                #expect(examples.first?.labels == zip(one.ids, one.mask).map { $1 == 1 ? $0 : -100 }, place)
                #expect(try encoder.prompt(for: sourced)?.inputIds == one.promptIds, place)
            }
        }
    }
}
