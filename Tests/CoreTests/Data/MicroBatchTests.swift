import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

@Suite("Micro-batch")
struct MicroBatchTests {
    @Test(
        "segments, positions and shifted targets of packed examples; what follows the last learned token is not an input"
    )
    func fill() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(
            """
            {"input_ids":[10,11,12,13],"labels":[-100,-100,12,13]}
            {"input_ids":[20,21],"labels":[20,21]}
            {"input_ids":[30,31,32],"labels":[30,31,-100]}
            """, to: "d.jsonl")
        let tokenizer = ByteTokenizer()
        let encoder = try ExampleEncoder(
            tokenizer: tokenizer, template: ChatTemplate(named: "plain", tokenizer: tokenizer), maximumLength: 16)
        let data = try PreparedDataset.open(path: path, encoder: encoder, cacheFolder: folder.path)
        var batch = Batch()
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[1]]), from: data)
        #expect(batch.inputIds == [20] && batch.targets == [21])
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[2, 0], [1]]), from: data)
        #expect(batch.inputIds == [30, 10, 11, 12, 20])
        #expect(batch.targets == [31, -100, 12, 13, 21])
        #expect(batch.layout.segmentStarts == [0, 1, 4, 5])
        #expect(batch.layout.positions == [0, 0, 1, 2, 0])
        #expect(batch.exampleIndices == [2, 0, 1])
        #expect(batch.tokenCount == 5)
        #expect(batch.supervisedCount == 4)
        #expect(data.statistics.supervisedCount == 4)
    }
}
