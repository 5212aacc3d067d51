import CatenaText
import Testing

@Suite("Added tokens: many that begin alike")
struct PrefixIndexTests {
    @Test("at each place the longest of the texts is found, the first of equal ones")
    func longest() {
        let index = PrefixIndex(["ab", "", "b", "abcd", "ab", "abd"].map { Array($0.utf8) })
        let text = Array("abcabcdab".utf8)
        let found = text.indices.map { index.longest(in: text, at: $0) }
        #expect(found == [0, 2, nil, 3, 2, nil, nil, 0, 2])
        #expect(PrefixIndex([[UInt8]]()).longest(in: text, at: 0) == nil)
        var comparisons = 0
        var all: [Int] = []
        index.matches(in: text, at: 3, comparisons: &comparisons) { all.append($0) }
        #expect(all == [0, 3])
    }

    @Test("with 100,000 texts that begin alike a place costs its length times the logarithm of their number")
    func bounded() {
        let index = PrefixIndex((0..<100_000).map { Array("<extra_id_\($0)>".utf8) })
        let ids = (0..<200).map { $0 * 499 }
        let text = Array(ids.map { "<extra_id_\($0)><extra_id_x" }.joined().utf8)
        var comparisons = 0
        let found = text.indices.compactMap { index.longest(in: text, at: $0, comparisons: &comparisons) }
        #expect(found == ids)
        #expect(comparisons < text.count * 2 * 18 * 18)
        #expect(comparisons > text.count)
    }

    @Test("a tokenizer cuts out the leftmost and longest of its added tokens")
    func tokenizer() throws {
        let contents = (0..<300).map { "<x\($0)>" } + ["<", "<x", "<x1", "a<x7>b"]
        let added = contents.enumerated().map { index, content in
            #"{"id":\#(index + 10),"content":"\#(content)","special":true,"normalized":false}"#
        }
        let json = #"""
            {"added_tokens":[\#(added.joined(separator: ","))],"model":{"type":"BPE","vocab":{"a":0,"b":1,"x":2,"1":3,">":4},"merges":[]}}
            """#
        let tokenizer = try TokenizerFixtures.withFolder(["tokenizer.json": json]) { try Tokenizer.load(model: $0) }
        func id(_ content: String) -> Int32 { Int32((contents.firstIndex(of: content) ?? -99) + 10) }
        #expect(tokenizer.encode("<x299>a<x12>") == [id("<x299>"), 0, id("<x12>")])
        #expect(tokenizer.encode("<x1a<x<x11") == [id("<x1"), 0, id("<x"), id("<x1"), 3])
        #expect(tokenizer.encode("a<x7>b<x7>b") == [id("a<x7>b"), id("<x7>"), 1])
        #expect(tokenizer.encode("<<x300>") == [id("<"), id("<x")] + tokenizer.encode("300>"))
    }
}
