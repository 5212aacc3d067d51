import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation
import Testing

import CatenaLearning

@Suite("Data of pairs of answers")
struct PreferenceDataTests {
    private func encoder(_ length: Int = 40, template: String = "plain") throws -> PreferenceEncoder {
        let tokenizer = ByteTokenizer(addsBeginningOfSequence: true)
        return PreferenceEncoder(
            try ExampleEncoder(
                tokenizer: tokenizer, template: ChatTemplate(named: template, tokenizer: tokenizer),
                maximumLength: length))
    }

    private func open(_ text: String, _ encoder: PreferenceEncoder) throws -> PreparedDataset {
        let folder = try DataTestFolder()
        let path = try folder.write(text, to: "d.jsonl")
        return try PreparedDataset.open(path: path, encoder: encoder, cacheFolder: folder.path)
    }

    @Test("a pair is two segments of one example, the chosen answer first, with the prompt unlearned before each")
    func segments() throws {
        let data = try open(
            "{\"prompt\":\"ab\",\"chosen\":\"c\",\"rejected\":\"de\"}\n{\"prompt\":\"f\",\"chosen\":\"g\",\"rejected\":\"h\"}",
            encoder())
        var batch = Batch()
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[1], [0]]), from: data)
        func id(_ text: Unicode.Scalar) -> Int32 { 5 + Int32(text.value) }
        #expect(
            batch.inputIds == [1, id("f"), id("g"), 1, id("f"), id("h"), 1, id("a"), id("b"), id("c")]
                + [1, id("a"), id("b"), id("d"), id("e")])
        #expect(
            batch.targets == [-100, id("g"), 2, -100, id("h"), 2, -100, -100, id("c"), 2]
                + [-100, -100, id("d"), id("e"), 2])
        #expect(batch.exampleIndices == [1, 1, 0, 0] && batch.layout.segmentStarts == [0, 3, 6, 10, 15])
        #expect(batch.segmentTargets.isEmpty && batch.tokenTypes == nil && batch.supervisedCount == 9)
        #expect(data.statistics.supervisedCount == 9 && data.statistics.exampleCount == 2)
        #expect(data.positionCount(of: 0) == 9 && data.chosenCount(of: 0) == 5)
    }

    @Test("each answer has the ids and the learned tokens that its conversation has in training a language model")
    func conversations() throws {
        let encoder = try encoder(200, template: "chatml")
        let record = """
            {"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"x"},{"role":"user","content":"q"},
            {"role":"assistant","content":"b"}],"rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"x"},
            {"role":"user","content":"q"},{"role":"assistant","content":"c"}]}
            """.replacing("\n", with: "")
        let pair = try open(record, encoder).example(0)
        let border = try #require(pair.chosenCount)
        for (range, answer) in [(0..<border, "b"), (border..<pair.inputIds.count, "c")] {
            let alone = Example.messages([
                .init("user", "a"), .init("assistant", "x", isLearned: false), .init("user", "q"),
                .init("assistant", answer),
            ])
            let whole = try #require(
                try encoder.answers.encode(SourcedExample(alone, file: "f", line: 1)).first
            ).trimmed
            #expect(Array(pair.inputIds[range]) == whole.inputIds && Array(pair.labels[range]) == whole.labels)
        }
    }

    @Test("equal answers, and answers that are equal once cut, are left out and counted; cut ones are counted")
    func leftOut() throws {
        let data = try open(
            """
            {"prompt":"a","chosen":"b","rejected":"b"}
            {"prompt":"a","chosen":"bbbbbbbbbbbbbbbbc","rejected":"bbbbbbbbbbbbbbbbd"}
            {"prompt":"aaaaaaaaaaaaaaaa","chosen":"b","rejected":"c"}
            {"prompt":"a","chosen":"bbbbbbbbbbbbbbbb","rejected":"c"}
            """, encoder(10))
        #expect(data.count == 1 && data.chosenCount(of: 0) == 10 && data.length(of: 0) == 14)
        #expect(data.notes.contains("2 of 4 pairs were left out, because chosen and rejected are equal."))
        #expect(data.notes.contains { $0.hasPrefix("2 of 4 examples were cut to the maximal length; 1 were left out") })
        #expect {
            _ = try open("{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"b\"}", encoder())
        } throws: { "\($0)".contains("expected pairs of different answers, found equal ones in all 1 pairs") }
    }

    @Test("empty answers and prompts that are missing are one error with their lines")
    func faults() throws {
        #expect {
            _ = try open(
                """
                {"prompt":"a","chosen":"","rejected":"b"}
                {"prompt":"a","chosen":"b","rejected":" "}
                {"prompt":"a","chosen":"b","rejected":"c"}
                """, encoder())
        } throws: {
            "\($0)".hasPrefix("2 examples cannot be used:") && "\($0)".contains("d.jsonl:1: ")
                && "\($0)".contains("d.jsonl:2: ") && "\($0)".contains("at least one token to learn")
        }
    }

    @Test("no plan divides a pair, and packing counts both its answers")
    func packing() throws {
        let line = "{\"prompt\":\"ab\",\"chosen\":\"c\",\"rejected\":\"de\"}\n"
        let data = try open(String(repeating: line, count: 5), encoder(20))
        let plan = try BatchPlan(
            data,
            settings: .init(globalBatch: 2, microBatch: 1, maximumLength: 20, packing: true, shuffle: false, seed: 0))
        // A pair takes 9 positions: two to a row of 20.
        #expect(
            (0..<2).map { plan.microBatches(step: $0).microBatches.map(\.rows) } == [[[[0, 1]], [[2, 3]]], [[[4]]]])
    }

    @Test("a preview shows both answers, and says which pairs are left out")
    func preview() throws {
        func previews(_ rejected: String) throws -> [ExamplePreview] {
            let sourced = SourcedExample(
                .preference(
                    chosen: .completion(prompt: "a", completion: "b"),
                    rejected: .completion(prompt: "a", completion: rejected)), file: "f", line: 1)
            return try ExamplePreview.make(sourced, encoder: encoder(), tokenizer: nil, positions: nil)
        }
        let both = try previews("c").map(\.json)
        #expect(both.map { $0["answer"] } == ["chosen", "rejected"])
        #expect(both.map { $0["text"] } == ["<s>ab</s>", "<s>ac</s>"])
        #expect(try previews("b").allSatisfy { $0.notes == ["left out: chosen and rejected are equal"] })
    }
}
