import CatenaFiles
import CatenaText
import Foundation
import Testing

/// Cases written by Tests/Reference/token_sequences.py.
@Suite("Token sequences")
struct SequenceTemplateTests {
    private static let lines: [JSONValue] = {
        let file = TokenizerFixtures.repository.appending(path: "Tests/Fixtures/sequences/cases.jsonl")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { JSONValue(text: String($0)) }
    }()

    private func tokenizer(_ line: JSONValue) throws -> Tokenizer {
        let name = try #require(line["tokenizer"]?.stringValue)
        let file = TokenizerFixtures.committed.appending(path: "\(name)/tokenizer.json")
        var members = try #require(JSONValue(text: try String(contentsOf: file, encoding: .utf8))?.objectValue)
        members["post_processor"] = line["post_processor"]
        let files = [
            "tokenizer.json": JSONValue.object(members).compactText(),
            "tokenizer_config.json": (line["config"] ?? [:]).compactText(),
        ]
        return try TokenizerFixtures.withFolder(files) { try Tokenizer.load(model: $0) }
    }

    @Test(
        "texts and pairs get the tokens and types of the post-processor and are cut as transformers cuts them",
        arguments: lines.indices)
    func sequences(_ index: Int) throws {
        let line = Self.lines[index]
        let tokenizer = try tokenizer(line)
        let template = try tokenizer.sequenceTemplate()
        let cases = try #require(line["cases"]?.arrayValue)
        #expect(cases.count > 50)
        for one in cases {
            let first = try #require(one["first"]?.stringValue)
            let sequence = template.sequence(
                tokenizer.encode(first), one["second"]?.stringValue.map(tokenizer.encode),
                maximumLength: try #require(one["max_length"]?.intValue))
            #expect(sequence?.ids.map { .integer(Int($0)) } == one["ids"]?.arrayValue, "\(one)")
            #expect(sequence?.types.map { .integer(Int($0)) } == one["types"]?.arrayValue, "\(one)")
            #expect(sequence?.wasCut == one["cut"]?.boolValue, "\(one)")
        }
    }

    @Test("there are cases of every kind of post-processor")
    func count() { #expect(Self.lines.count == 8) }

    @Test("a post-processor that is not understood is refused by those who ask for sequences alone")
    func unknown() throws {
        let tokenizer = try tokenizer(["tokenizer": "wordpiece", "post_processor": ["type": "Reversing"]])
        #expect(!tokenizer.encode("the king").isEmpty)
        #expect {
            try tokenizer.sequenceTemplate()
        } throws: {
            "\($0)".contains("\"post_processor.type\"") && "\($0)".contains("\"Reversing\", which is not supported")
        }
    }

    @Test("a template whose special token is not listed, or that leaves a text out, is refused")
    func inconsistent() throws {
        let special: JSONValue = ["SpecialToken": ["id": "[CLS]", "type_id": 0]]
        let text: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
        for pair: JSONValue in [[special, text], [text]] {
            let tokenizer = try tokenizer([
                "tokenizer": "wordpiece",
                "post_processor": [
                    "type": "TemplateProcessing", "single": [text], "pair": pair, "special_tokens": [:],
                ],
            ])
            #expect(throws: TokenizerError.self) { try tokenizer.sequenceTemplate() }
        }
    }

    @Test("a length that the template's own tokens fill leaves nothing")
    func noRoom() {
        let template = SequenceTemplate(
            single: [.tokens([1], type: 0), .first(type: 0), .tokens([2], type: 0)],
            pair: [.first(type: 0), .tokens([2], type: 0), .second(type: 1)])
        #expect(template.sequence([5, 6], maximumLength: 2) == nil)
        #expect(template.sequence([5, 6], maximumLength: 3)?.ids == [1, 5, 2])
        #expect(template.sequence([5, 6], [7], maximumLength: 2) == nil)
        #expect(template.sequence([5, 6], [7], maximumLength: 3)?.types == [0, 0, 1])
    }
}
