import CatenaLearning
import CatenaText
import Foundation
import Testing

@Suite("Example encoder")
struct ExampleEncoderTests {
    /// `shared/fixtures/tokenizers` beside the repository.
    private static let tokenizers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../../shared/fixtures/tokenizers").standardized.path
    private static let hasTokenizers = FileManager.default.fileExists(atPath: tokenizers)

    @Test(
        "a completion encoded apart has the ids it has in the whole text, when the border is between words",
        .enabled(if: hasTokenizers, "shared/fixtures/tokenizers is not there"),
        arguments: ["bpe-gpt2", "bpe-llama3", "bpe-metaspace", "bpe-qwen2"],
        [["The quick fox", " jumps over the dog"], ["Question: who?\n", "Nobody knows."]])
    func piecesJoin(name: String, texts: [String]) throws {
        let tokenizer = try Tokenizer.load(model: "\(Self.tokenizers)/\(name)/tokenizer.json")
        let template = try ChatTemplate(named: "plain", tokenizer: tokenizer)
        let encoder = try ExampleEncoder(tokenizer: tokenizer, template: template, maximumLength: 100)
        let example = Example.completion(prompt: texts[0], completion: texts[1])
        let encoded = try encoder.encode(SourcedExample(example, file: "f", line: 1))[0]
        let end = tokenizer.endOfSequenceIds.prefix(1)
        let beginning = tokenizer.addsBeginningOfSequence ? [tokenizer.beginningOfSequenceId].compactMap { $0 } : []
        #expect(encoded.inputIds == beginning + tokenizer.encode(texts.joined()) + end)
    }

    @Test(
        "a joined answer behind an added token has the ids of the whole text", arguments: ["always", "first", "never"])
    func afterAddedTokens(scheme: String) throws {
        let tokenizer = try Tokenizer.load(
            model: TokenizerFixtures.committed.appending(path: "metaspace-\(scheme)").path)
        let template = try ChatTemplate(named: "plain", tokenizer: tokenizer)
        let encoder = try ExampleEncoder(tokenizer: tokenizer, template: template, maximumLength: 100)
        let example = Example.completion(prompt: "the king</s>", completion: "of France")
        let encoded = try encoder.encode(SourcedExample(example, file: "f", line: 1))[0]
        #expect(encoded.inputIds.starts(with: tokenizer.encode("the king</s>of France")))
    }

    @Test("a maximal length without room for a target is refused")
    func maximumLength() throws {
        let template = try ChatTemplate(named: "plain", tokenizer: ByteTokenizer())
        #expect(throws: DataError.invalidSetting(name: "data.max-length", value: "1", expected: "at least 2 tokens")) {
            try ExampleEncoder(tokenizer: ByteTokenizer(), template: template, maximumLength: 1)
        }
    }

    @Test("the next turn of a conversation is asked for with the template's header")
    func conversationPrompt() throws {
        let template = try ChatTemplate(named: "chatml", tokenizer: ByteTokenizer())
        let encoder = try ExampleEncoder(tokenizer: ByteTokenizer(), template: template, maximumLength: 100)
        let conversation = Conversation(messages: [.init("user", "u"), .init("assistant", "a"), .init("user", "v")])
        let prompt = try #require(
            try encoder.prompt(for: SourcedExample(.conversation(conversation), file: "f", line: 1)))
        #expect(
            prompt.text == "<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"
                + "<|im_start|>user\nv<|im_end|>\n<|im_start|>assistant\n")
        #expect(prompt.stopIds == [4, 2])
    }
}
