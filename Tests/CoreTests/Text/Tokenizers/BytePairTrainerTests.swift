import CatenaFiles
import CatenaText
import Foundation
import Testing

@Suite("Training a byte-level BPE tokenizer")
struct BytePairTrainerTests {
    private static let text = String(
        repeating: "low low low lower lower newest newest newest widest\n1 + 12 = 13\n", count: 3)

    private func trained(_ words: BytePairTrainer.Words, on text: String, size: Int) throws -> (json: String, Tokenizer)
    {
        var trainer = BytePairTrainer(words: words)
        trainer.add(text)
        let json = trainer.tokenizerJSON(vocabularySize: size).prettyText()
        return (json, try TokenizerFixtures.withFolder(["tokenizer.json": json]) { try Tokenizer.load(model: $0) })
    }

    @Test("the most frequent pair is merged first, the smaller ids on a tie")
    func mergeOrder() throws {
        // Words "aab" and " aab"…: the pair (a, a) occurs 4 times, (a, b) 4 times; a < b decides.
        let (_, tokenizer) = try trained(.gpt2, on: "aab aab aab aab", size: 261)
        #expect(tokenizer.token(of: 259) == "aa")
        #expect(tokenizer.token(of: 260) == "aab")
        #expect(tokenizer.vocabularySize == 261)
    }

    @Test("a run of one character merges without overlap")
    func runs() throws {
        // "aaaaa": (a, a) is counted 4 times and merged twice, to aa aa a; then (aa, a) and (aa, aa) tie and the
        // smaller right side comes first.
        let (_, tokenizer) = try trained(.gpt2, on: "aaaaa", size: 262)
        #expect((259..<262).map { tokenizer.token(of: $0) } == ["aa", "aaa", "aaaaa"])
        #expect(tokenizer.encode("aaaaa") == [261])
    }

    @Test(
        "any text survives encoding and decoding, and training text gets shorter",
        arguments: BytePairTrainer.Words.allCases)
    func roundTrip(words: BytePairTrainer.Words) throws {
        let (_, tokenizer) = try trained(words, on: Self.text, size: 300)
        for sample in [Self.text, "", "Ünïcode 漢字 🙂\r\n\ttabs  and   spaces", "1234567 it's IT'S"] {
            #expect(tokenizer.decode(tokenizer.encode(sample)) == sample)
        }
        #expect(tokenizer.encode(Self.text).count * 2 < Self.text.utf8.count)
    }

    @Test("special tokens come first and are recognised in text")
    func specialTokens() throws {
        let (_, tokenizer) = try trained(.llama3, on: Self.text, size: 280)
        #expect(tokenizer.encode("<|im_start|>1<|im_end|>") == [1, 3 + 0x31, 2])
        #expect(BytePairTrainer.specialTokens.map { tokenizer.id(of: $0) } == [0, 1, 2])
    }

    @Test("digits stay together up to three with llama3 words, and join their space with gpt2 words")
    func digits() throws {
        let text = String(repeating: "= 1234\n", count: 50)
        let (_, llama3) = try trained(.llama3, on: text, size: 270)
        #expect(llama3.encode("1234").map { llama3.token(of: $0) } == ["123", "4"])
        let (_, gpt2) = try trained(.gpt2, on: text, size: 270)
        #expect(gpt2.encode(" 1234").map { gpt2.token(of: $0) } == ["Ġ1234"])
    }

    @Test("equal text gives equal bytes, in whatever pieces it comes")
    func determinism() throws {
        var pieces = BytePairTrainer()
        for line in Self.text.split(separator: "\n") { pieces.add(line + "\n") }
        #expect(
            try trained(.llama3, on: Self.text, size: 290).json
                == pieces.tokenizerJSON(vocabularySize: 290).prettyText())
    }

    @Test("a text without pairs gives the smallest vocabulary")
    func exhausted() throws {
        let (_, tokenizer) = try trained(.gpt2, on: "a", size: 400)
        #expect(tokenizer.vocabularySize == BytePairTrainer.smallestVocabulary)
    }
}
