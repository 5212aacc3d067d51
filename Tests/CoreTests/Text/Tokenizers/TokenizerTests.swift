import CatenaFiles
import CatenaText
import Foundation
import Testing

@Suite("Tokenizer: special tokens, companion files, GGUF metadata")
struct TokenizerTests {
    private func load(_ files: [String: String]) throws -> Tokenizer {
        try TokenizerFixtures.withFolder(
            files.merging(["tokenizer.json": TokenizerFixtures.smallJSON]) { first, _ in first }
        ) {
            try Tokenizer.load(model: $0)
        }
    }

    @Test("special tokens in the text are recognised, and skipped by decoding on request")
    func specialTokens() throws {
        let tokenizer = try load([:])
        #expect(tokenizer.encode("<s>abc<s>b") == [5, 4, 5, 1])
        #expect(tokenizer.decode([5, 4, 5, 1]) == "<s>abc<s>b")
        #expect(tokenizer.decode([5, 4, 5, 1], skipSpecialTokens: true) == "abcb")
        #expect(tokenizer.isSpecial(5))
        #expect(!tokenizer.isSpecial(4))
    }

    @Test("ids outside the vocabulary decode to nothing, bytes without a token are dropped")
    func unknownIds() throws {
        let tokenizer = try load([:])
        #expect(tokenizer.decode([0, -1, 99, 2]) == "ac")
        #expect(tokenizer.encode("axb") == [3])
        #expect(tokenizer.encode("") == [])
    }

    @Test("tokens and ids map to each other")
    func lookUps() throws {
        let tokenizer = try load([:])
        #expect(tokenizer.vocabularySize == 6)
        for (token, id) in [("abc", Int32(4)), ("<s>", 5), ("ab", 3)] {
            #expect(tokenizer.id(of: token) == id)
            #expect(tokenizer.token(of: id) == token)
        }
        #expect(tokenizer.id(of: "bc") == nil)
        #expect(tokenizer.token(of: 6) == nil)
    }

    @Test("composed and decomposed characters are different tokens")
    func canonicalEquivalence() throws {
        let json = TokenizerFixtures.smallJSON
            .replacingOccurrences(
                of: #""pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"#,
                with: #""pre_tokenizer":null"#
            )
            .replacingOccurrences(of: #""a":0,"#, with: #""a":0,"\u00e9":6,"e\u0301":7,"e":8,"\u0301":9,"#)
            .replacingOccurrences(of: #""merges":["#, with: #""merges":["e \u0301","#)
        let tokenizer = try load(["tokenizer.json": json])
        #expect(tokenizer.encode("\u{E9}") == [6])
        #expect(tokenizer.encode("e\u{301}") == [7])
    }

    @Test("without companion files no token starts or ends a sequence")
    func noCompanions() throws {
        let tokenizer = try load([:])
        #expect(tokenizer.beginningOfSequenceId == nil)
        #expect(tokenizer.endOfSequenceIds == [])
        #expect(!tokenizer.addsBeginningOfSequence)
        #expect(tokenizer.templates.templates.isEmpty)
    }

    @Test("companion files name the tokens that start and end a sequence")
    func companions() throws {
        let tokenizer = try load([
            "tokenizer_config.json":
                #"{"bos_token":{"content":"<s>"},"eos_token":"abc","add_bos_token":true,"chat_template":"T"}"#,
            "generation_config.json": #"{"eos_token_id":[2,4]}"#, "config.json": #"{"eos_token_id":1}"#,
        ])
        #expect(tokenizer.beginningOfSequenceId == 5)
        #expect(tokenizer.endOfSequenceIds == [4, 2, 1])
        #expect(tokenizer.addsBeginningOfSequence)
        #expect(tokenizer.templates.template(hasTools: false)?.text == "T")
    }

    @Test("a post-processor that starts with the beginning token says that it is added")
    func templateStart() throws {
        let json = TokenizerFixtures.smallJSON.replacingOccurrences(
            of: #""post_processor":null"#,
            with:
                #""post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}"#
        )
        let tokenizer = try load(["tokenizer.json": json])
        #expect(tokenizer.addsBeginningOfSequence)
        #expect(tokenizer.beginningOfSequenceId == 5)
    }

    @Test("the fingerprint follows what affects encoding and nothing else")
    func fingerprint() throws {
        let json = TokenizerFixtures.smallJSON
        let plain = try load([:]).fingerprint
        #expect(plain.count == 64)
        #expect(try load(["tokenizer_config.json": #"{"chat_template":"T"}"#]).fingerprint == plain)
        let fewerMerges = json.replacingOccurrences(of: #","ab c""#, with: "")
        #expect(try load(["tokenizer.json": fewerMerges]).fingerprint != plain)
        let otherSpecial = json.replacingOccurrences(of: "<s>", with: "<t>")
        #expect(try load(["tokenizer.json": otherSpecial]).fingerprint != plain)
    }

    private let byteLevelMetadata: [String: GGUFValue] = [
        "tokenizer.ggml.model": .string("gpt2"), "tokenizer.ggml.pre": .string("qwen2"),
        "tokenizer.ggml.tokens": .array(["a", "b", "c", "ab", "abc", "<s>", "1"].map { .string($0) }),
        "tokenizer.ggml.token_type": .array([1, 1, 1, 1, 1, 3, 1].map { .integer($0) }),
        "tokenizer.ggml.merges": .array([.string("a b"), .string("ab c")]),
        "tokenizer.ggml.bos_token_id": .integer(5), "tokenizer.ggml.eos_token_id": .integer(4),
        "tokenizer.ggml.eot_token_id": .integer(2),
    ]

    @Test("byte-level GGUF metadata encode like the same tokenizer.json")
    func byteLevelGGUF() throws {
        let tokenizer = try Tokenizer(gguf: byteLevelMetadata, path: "m.gguf")
        #expect(tokenizer.encode("<s>abcab11") == [5, 4, 3, 6, 6])
        #expect(tokenizer.decode([5, 4, 3], skipSpecialTokens: true) == "abcab")
        #expect(tokenizer.beginningOfSequenceId == 5)
        #expect(tokenizer.endOfSequenceIds == [4, 2])
        #expect(!tokenizer.addsBeginningOfSequence)
    }

    @Test("SentencePiece GGUF metadata join the pair of highest score and fall back to bytes")
    func sentencePieceGGUF() throws {
        let bytes: [String] = (0..<256).map { (byte: Int) -> String in
            let digits = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "<0x0\(digits)>" : "<0x\(digits)>"
        }
        let tokens: [String] = ["<unk>", "<s>", "</s>"] + bytes + ["\u{2581}", "a", "b", "c", "ab", "bc", "\u{2581}a"]
        let scores: [Double] = [Double](repeating: 0, count: 259) + [-9, -9, -9, -9, -3, -1, -2]
        let types: [Int64] = [2, 3, 3] + [Int64](repeating: 6, count: 256) + [Int64](repeating: 1, count: 7)
        let tokenizer = try Tokenizer(
            gguf: [
                "tokenizer.ggml.model": .string("llama"), "tokenizer.ggml.tokens": .array(tokens.map { .string($0) }),
                "tokenizer.ggml.scores": .array(scores.map { .float($0) }),
                "tokenizer.ggml.token_type": .array(types.map { .integer($0) }),
                "tokenizer.ggml.bos_token_id": .integer(1), "tokenizer.ggml.eos_token_id": .integer(2),
            ], path: "m.gguf")
        // Ids: bytes from 3; mark 259, a 260, bc 264, mark + a 265.
        #expect(tokenizer.encode("abc a") == [265, 264, 265])
        #expect(tokenizer.encode(" a\n") == [259, 265, 13])
        #expect(tokenizer.encode("é") == [259, 198, 172])
        #expect(tokenizer.encode("<s>a</s>") == [1, 265, 2])
        #expect(tokenizer.decode([265, 264, 259, 260, 198, 172]) == "abc aé")
        #expect(tokenizer.addsBeginningOfSequence)
    }
}
