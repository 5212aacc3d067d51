import CatenaFiles
import CatenaText
import Foundation
import Testing

@Suite("Tokenizer: bad files are refused with one clear error")
struct TokenizerErrorTests {
    /// A change to the small tokenizer, and what the error must say.
    struct Damage: Sendable, CustomTestStringConvertible {
        var of: String
        var with: String
        var says: [String]
        var testDescription: String { "\(of) → \(with)" }
    }

    private static let doubling = #"{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"#

    static let damages: [Damage] = [
        Damage(
            of: #""merges":["a b","ab c"]}}"#, with: #""merges":["a b","#, says: ["not valid JSON", "found the end"]),
        Damage(of: #""vocab":{"#, with: #""vocab":{,"#, says: ["not valid JSON", "byte"]),
        Damage(of: #""type":"BPE""#, with: #""type":"Unigram""#, says: ["model.type", "Unigram", "WordPiece"]),
        Damage(of: #""model":"#, with: #""modle":"#, says: ["no \"model\""]),
        Damage(of: #""vocab":"#, with: #""words":"#, says: ["no \"model.vocab\""]),
        Damage(
            of: #""merges":["a b","ab c"]"#, with: #""merges":7"#, says: ["model.merges", "an array", "the number 7"]),
        Damage(of: #""merges":["a b""#, with: #""merges":["a z""#, says: ["model.merges[0]", "two tokens"]),
        Damage(of: #""merges":["a b""#, with: #""merges":["a  b""#, says: ["model.merges[0]", "two tokens"]),
        Damage(of: #""merges":["a b""#, with: #""merges":[["a"]"#, says: ["model.merges[0]", "a pair of strings"]),
        Damage(of: #""a":0"#, with: #""a":-1"#, says: ["model.vocab", "-1"]),
        Damage(of: #""a":0"#, with: #""a":99999999999"#, says: ["model.vocab", "99999999999"]),
        Damage(of: #""a":0"#, with: #""a":"0""#, says: ["model.vocab[\"a\"]", "an integer", "the string \"0\""]),
        Damage(of: #""a":0"#, with: #""a":0,"a":6"#, says: ["not valid JSON", "\"a\" appears twice"]),
        Damage(of: #""a":0"#, with: #""a":00"#, says: ["not valid JSON", "needless 0"]),
        Damage(of: #""a":0"#, with: #""a":1e999"#, says: ["not valid JSON", "out of range"]),
        Damage(of: #""a":0"#, with: #""a":1."#, says: ["not valid JSON", "expected a digit"]),
        Damage(of: #""a":0"#, with: #""a":--1"#, says: ["not valid JSON", "expected a digit"]),
        Damage(of: #""a":0"#, with: #""\u+061":0"#, says: ["not valid JSON", "hexadecimal"]),
        Damage(
            of: #""normalizer":null,"#, with: #""normalizer":null,"normalizer":null,"#,
            says: ["\"normalizer\" appears twice"]),
        Damage(
            of: #""normalizer":null"#,
            with:
                #""normalizer":{"type":"Sequence","normalizers":[\#(repeatElement(doubling, count: 40).joined(separator: ","))]}"#,
            says: ["\"normalizer\"", "256 times"]),
        Damage(
            of: #""decoder":{"type":"ByteLevel"}"#,
            with:
                #""decoder":{"type":"Sequence","decoders":[\#(repeatElement(doubling, count: 40).joined(separator: ","))]}"#,
            says: ["\"decoder\"", "256 times"]),
        Damage(of: #""content":"<s>""#, with: #""content":"\#(String(repeating: "s", count: 5000))""#, says: ["4096"]),
        Damage(of: #""a":0"#, with: #""a":1"#, says: ["model.vocab", "both"]),
        Damage(of: #""a":0"#, with: #""\ud800":0"#, says: ["not valid JSON", "surrogate"]),
        Damage(
            of: #""merges":["#, with: #""unk_token":"?","merges":["#,
            says: ["model.unk_token", "not in the vocabulary"]),
        Damage(of: #""merges":["#, with: #""dropout":0.1,"merges":["#, says: ["model.dropout"]),
        Damage(of: #""id":5"#, with: #""id":4"#, says: ["added_tokens[0].id", "\"abc\""]),
        Damage(of: #""id":5"#, with: #""id":-5"#, says: ["added_tokens[0].id", "out of range"]),
        Damage(of: #""special":true"#, with: #""special":1"#, says: ["added_tokens[0].special", "true or false"]),
        Damage(
            of: #""normalizer":null"#, with: #""normalizer":{"type":"Precompiled"}"#,
            says: ["normalizer.type", "Precompiled", "NFC"]),
        Damage(
            of: #""normalizer":null"#, with: #""normalizer":{"type":"Replace","pattern":{"Regex":"x+"},"content":""}"#,
            says: ["normalizer.pattern", "x+"]),
        Damage(
            of: #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"#, with: #"{"type":"UnicodeScripts"}"#,
            says: ["pre_tokenizer.type", "UnicodeScripts"]),
        Damage(
            of: #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"#,
            with:
                #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\d{5}"},"behavior":"Isolated"},{"type":"ByteLevel"}]}"#,
            says: ["pretokenizers[0].pattern", #"\d{5}"#, "Llama 3"]),
        Damage(
            of: #""decoder":{"type":"ByteLevel"}"#, with: #""decoder":{"type":"CTC"}"#,
            says: ["decoder.type", "CTC", "WordPiece"]),
    ]

    @Test("a damaged tokenizer.json is refused with file, field and reason", arguments: damages)
    func damagedJSON(damage: Damage) throws {
        let json = TokenizerFixtures.smallJSON.replacingOccurrences(of: damage.of, with: damage.with)
        #expect(json != TokenizerFixtures.smallJSON)
        let error = try TokenizerFixtures.withFolder(["tokenizer.json": json]) { folder in
            #expect(throws: TokenizerError.self) { try Tokenizer(tokenizerJSON: folder + "/tokenizer.json") }
        }
        let message = try #require(error).description
        #expect(message.contains("tokenizer.json"))
        #expect(message.hasSuffix("."))
        for part in damage.says { #expect(message.contains(part), "\(message)") }
    }

    @Test("every truncation of a tokenizer.json is refused")
    func truncated() throws {
        let bytes = Array(TokenizerFixtures.smallJSON.utf8)
        for length in stride(from: 0, to: bytes.count - 1, by: 7) {
            let text = String(decoding: bytes[..<length], as: UTF8.self)
            try TokenizerFixtures.withFolder(["tokenizer.json": text]) { folder in
                _ = #expect(throws: TokenizerError.self, "\(length) bytes") {
                    try Tokenizer(tokenizerJSON: folder + "/tokenizer.json")
                }
            }
        }
    }

    @Test("a path without a tokenizer is named")
    func missing() throws {
        #expect(throws: TokenizerError.noTokenizer(path: "/nowhere/model")) {
            try Tokenizer.load(model: "/nowhere/model")
        }
        try TokenizerFixtures.withFolder([:]) { folder in
            _ = #expect(throws: TokenizerError.noTokenizer(path: folder)) { try Tokenizer.load(model: folder) }
        }
    }

    @Test("GGUF metadata of another tokenizer, pre-tokeniser, type or size is refused")
    func badGGUF() throws {
        let good: [String: GGUFValue] = [
            "tokenizer.ggml.model": .string("gpt2"),
            "tokenizer.ggml.tokens": .array([.string("a"), .string("b"), .string("ab")]),
            "tokenizer.ggml.merges": .array([.string("a b")]),
        ]
        #expect(try Tokenizer(gguf: good, path: "m.gguf").encode("ab") == [2])
        let bad: [(key: String, value: GGUFValue?, says: String)] = [
            ("model", .string("t5"), "gpt2, llama"), ("model", nil, "no \"tokenizer.ggml.model\""),
            ("pre", .string("deepseek-llm"), "qwen2"),
            ("tokens", .string("a"), "an array"), ("tokens", .array([.integer(1)]), "an array of strings"),
            ("merges", .array([.string("a z")]), "merges[0]"),
            ("token_type", .array([.integer(1)]), "1 types for 3 tokens"),
            ("bos_token_id", .integer(3), "outside the vocabulary"), ("add_bos_token", .integer(1), "true or false"),
        ]
        for (key, value, says) in bad {
            var metadata = good
            metadata["tokenizer.ggml.\(key)"] = value
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, path: "m.gguf") }
            let message = try #require(error).description
            #expect(message.contains(says), "\(key): \(message)")
            #expect(message.contains("m.gguf"), "\(key): \(message)")
        }
    }

    @Test("a score that is not a number, and a token too long to be joined, are refused by name")
    func badScores() throws {
        func message(_ scores: [Double], last: String = "ab") -> String {
            let metadata: [String: GGUFValue] = [
                "tokenizer.ggml.model": .string("llama"),
                "tokenizer.ggml.tokens": .array([.string("a"), .string("b"), .string(last)]),
                "tokenizer.ggml.scores": .array(scores.map { .float($0) }),
            ]
            do { _ = try Tokenizer(gguf: metadata, path: "m.gguf") } catch { return "\(error)" }
            return "accepted"
        }
        #expect(message([0, -1, -2]) == "accepted")
        #expect(message([0, -1, .nan]).contains("scores[2]"))
        #expect(message([0, -.infinity, 1]).contains("scores[1]"))
        #expect(message([0, -1, -2], last: String(repeating: "a", count: 400_000)).contains("tokens[2]"))
    }

    @Test("a long word is encoded by a vocabulary with a long token in time that grows with both")
    func longTokens() throws {
        let long = String(repeating: "a", count: 20_000)
        let json = #"""
            {"model":{"type":"WordPiece","unk_token":"[U]","max_input_chars_per_word":100000,
             "vocab":{"[U]":0,"a":1,"##a":2,"##\#(long)":3}}}
            """#
        try TokenizerFixtures.withFolder(["tokenizer.json": json]) { folder in
            let tokenizer = try Tokenizer.load(model: folder)
            #expect(tokenizer.encode("a" + long + "aa") == [1, 3, 2, 2])
        }
    }
}
