import CatenaFiles
import CatenaText
import Foundation
import Testing

@Suite("Tokenizers written for Hugging Face")
struct TokenizerExportTests {
    /// A SentencePiece vocabulary: `<unk>`, `<s>`, `</s>`, the bytes, then `pieces` with their scores.
    private func sentencePiece(_ pieces: [(String, Double)]) -> [String: GGUFValue] {
        let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.0)
        let types: [Int64] = [2, 3, 3] + bytes.map { _ in 6 } + pieces.map { _ in 1 }
        let scores = [Double](repeating: 0, count: 259) + pieces.map(\.1)
        return [
            "tokenizer.ggml.model": .string("llama"), "tokenizer.ggml.tokens": .array(tokens.map { .string($0) }),
            "tokenizer.ggml.token_type": .array(types.map { .integer($0) }),
            "tokenizer.ggml.scores": .array(scores.map { .float($0) }), "tokenizer.ggml.bos_token_id": .integer(1),
            "tokenizer.ggml.eos_token_id": .integer(2), "tokenizer.ggml.unknown_token_id": .integer(0),
            "tokenizer.chat_template": .string("{{ 'é \"quoted\"\n' }}"),
        ]
    }

    private static let letters: [(String, Double)] = ["\u{2581}", "a", "b", "n", "s"].enumerated().map {
        ($0.element, -100 - Double($0.offset))
    }

    @Test("a SentencePiece vocabulary keeps ids, text, roles and template")
    func sentencePieceVocabulary() throws {
        let pieces = [
            ("an", -1.0), ("\u{2581}b", -2), ("ana", -3), ("\u{2581}ban", -4), ("\u{2581}\u{2581}", -5), ("as", -6),
        ]
        let original = try Tokenizer(gguf: sentencePiece(pieces + Self.letters), path: "made.gguf")
        try TokenizerFixtures.withFolder([:]) { folder in
            try original.writeHuggingFaceFiles(to: folder)
            let written = try Tokenizer.load(model: folder)
            for text in ["", "banana bananas", "   ban  an", "nab\tñ😀", "<s>a</s> b<unk>", "anananana"] {
                #expect(written.encode(text) == original.encode(text), "\(text)")
                #expect(written.decode(original.encode(text)) == original.decode(original.encode(text)), "\(text)")
            }
            #expect(written.encode("banana").count < 5)
            #expect(written.vocabularySize == original.vocabularySize)
            #expect(written.beginningOfSequenceId == 1 && written.addsBeginningOfSequence)
            #expect(written.endOfSequenceIds == [2])
            #expect(written.templates.templates.map(\.text) == ["{{ 'é \"quoted\"\n' }}"])
        }
    }

    @Test("scores that ranked merges cannot follow are refused and leave no file")
    func openOrder() throws {
        let pieces = [("ab", -1.0), ("ba", -1)]
        let tokenizer = try Tokenizer(gguf: sentencePiece(pieces + Self.letters), path: "made.gguf")
        try TokenizerFixtures.withFolder([:]) { folder in
            let error = #expect(throws: TokenizerError.self) { try tokenizer.writeHuggingFaceFiles(to: folder) }
            #expect(error.map { "\($0)".contains("other tokens") } == true)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left == [])
        }
    }

    @Test(
        "byte-level vocabularies keep every id with each way of cutting words",
        arguments: ["gpt-2", "smollm", "starcoder", "llama-bpe", "qwen2"])
    func byteLevel(pre: String) throws {
        let path = TokenizerFixtures.committed.path + "/bpe-gpt2/tokenizer.json"
        let model = try JSONValue.parse(try String(contentsOfFile: path, encoding: .utf8), path: path)["model"]
        let vocabulary = model?["vocab"]?.objectValue ?? [:]
        var tokens = [GGUFValue](repeating: .string("[PAD]"), count: vocabulary.count)
        for (token, id) in vocabulary { tokens[id.intValue ?? 0] = .string(token) }
        let merges = (model?["merges"]?.arrayValue ?? []).compactMap { merge -> GGUFValue? in
            if let line = merge.stringValue { return .string(line) }
            return merge.arrayValue.map { .string($0.compactMap { $0.stringValue }.joined(separator: " ")) }
        }
        #expect(!merges.isEmpty)
        let original = try Tokenizer(
            gguf: [
                "tokenizer.ggml.model": .string("gpt2"), "tokenizer.ggml.pre": .string(pre),
                "tokenizer.ggml.tokens": .array(tokens), "tokenizer.ggml.merges": .array(merges),
            ], path: "made.gguf")
        try TokenizerFixtures.withFolder([:]) { folder in
            try original.writeHuggingFaceFiles(to: folder)
            let written = try Tokenizer.load(model: folder)
            for one in try TokenizerFixtures.cases(in: TokenizerFixtures.committed.appending(path: "bpe-gpt2")) {
                #expect(written.encode(one.text) == original.encode(one.text), "\(one.text)")
            }
        }
    }

    @Test(
        "SmolLM2's GGUF tokenizer keeps every id",
        .enabled(
            if: TokenizerFixtures.smolLM2 != nil && !TokenizerFixtures.folders(in: TokenizerFixtures.shared).isEmpty,
            "SmolLM2's GGUF below models/ or ../shared/fixtures/tokenizers is absent"))
    func smolLM2() throws {
        let original = try Tokenizer.load(model: TokenizerFixtures.smolLM2 ?? "")
        try TokenizerFixtures.withFolder([:]) { folder in
            try original.writeHuggingFaceFiles(to: folder)
            let written = try Tokenizer.load(model: folder)
            for one in try TokenizerFixtures.cases(in: TokenizerFixtures.shared.appending(path: "smollm2")) {
                #expect(written.encode(one.text) == one.ids, "\(one.text)")
                #expect(written.decode(one.ids) == one.decoded, "\(one.text)")
            }
            #expect(written.templates.templates.map(\.text) == original.templates.templates.map(\.text))
            #expect(written.endOfSequenceIds == original.endOfSequenceIds)
        }
    }
}
