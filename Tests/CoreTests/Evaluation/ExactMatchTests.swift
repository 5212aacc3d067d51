import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaText
import Foundation
import Testing

@Suite("Exact match")
struct ExactMatchTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Examples/tiny").path

    private func example(_ prompt: String, line: RecordPlace) -> SourcedExample {
        SourcedExample(.completion(prompt: prompt, completion: "12"), file: "f", line: line)
    }

    @Test("an answer depends on its own prompt only, also where a longer one leaves the model little room")
    func alone() throws {
        let tokenizer = try Tokenizer.load(model: Self.folder)
        let encoder = try ExampleEncoder(
            tokenizer: tokenizer, template: ChatTemplate(named: "plain", tokenizer: tokenizer), maximumLength: 64)
        let model = try TinyModel.make(engine: Engine(threads: 1)) {
            ($0.vocabularySize, $0.maximumPositions) = (1024, 48)
        }
        let exactMatch = ExactMatch(encoder: encoder, tokenizer: tokenizer, pattern: .finalNumber)
        let examples = [
            example("one", line: 1), example((0..<6).map { "word \($0)" }.joined(separator: " "), line: 2),
            example("two three", line: 3),
        ]
        let lengths = try examples.map { try encoder.prompt(for: $0)?.inputIds.count ?? 0 }
        // The first has room for all 30 tokens, the second has not.
        #expect(lengths[0] + 30 <= 48 && lengths[1] + 30 > 48 && lengths[1] < 48, "\(lengths)")
        func run(_ examples: [SourcedExample], batch: Int) throws -> [ExactMatch.Outcome] {
            try exactMatch.run(examples, model: model, maximumTokens: 30, batch: batch)
        }
        let alone = try examples.flatMap { try run([$0], batch: 1) }
        for batch in [1, 2, 16] {
            #expect(try run(examples, batch: batch) == alone)
            #expect(try run(examples.reversed(), batch: batch) == alone.reversed())
        }
        #expect(alone.allSatisfy { !$0.generated.isEmpty })
    }
}
