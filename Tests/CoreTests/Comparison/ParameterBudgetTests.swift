import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

@Suite("Ranks for a number of parameters")
struct ParameterBudgetTests {
    @Test(
        "the nearest count of all ranks, by trying every one", arguments: [1, 50, 99, 100, 150, 151, 777, 1000, 5000])
    func nearest(wanted: Int) throws {
        // A method whose rank is a multiple of 3 and at most 40.
        func count(_ rank: Int) throws -> Int {
            if rank > 40 { throw AdapterError.rankOutOfRange(rank: rank, path: "p", inFeatures: 40, outFeatures: 50) }
            if rank % 3 != 0 { throw AdapterError.notRepresentable(format: "f", reason: "r") }
            return 17 * rank + rank * rank
        }
        let all = (1...40).filter { $0 % 3 == 0 }
        let expected = try #require(
            all.min { (abs(17 * $0 + $0 * $0 - wanted), $0) < (abs(17 * $1 + $1 * $1 - wanted), $1) })
        let choice = try ParameterBudget(parameters: wanted).choose(count: count)
        #expect(choice.rank == expected)
        #expect(choice.parameters == 17 * expected + expected * expected)
    }

    @Test("a method without a possible rank says why")
    func impossible() {
        let error = AdapterError.rankOutOfRange(rank: 1, path: "p", inFeatures: 0, outFeatures: 0)
        #expect(throws: error) { try ParameterBudget(parameters: 10).choose { _ in throw error } }
    }

    @Test("an error that is not about the rank is not hidden")
    func otherErrors() {
        #expect(throws: FileError.self) {
            try ParameterBudget(parameters: 10).choose { _ in throw FileError.unwritable(path: "p", reason: "r") }
        }
    }

    @Test("ranks of a comparison are chosen from the model's shapes, and alpha follows unless it is given")
    func sized() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let yaml = """
            base:
              model: \(root)/Examples/tiny
              data: {train: t, validation: v}
              training: {steps: 2}
            methods:
              - {adapter: {method: lora}}
              - {name: fixed, adapter: {method: lora, alpha: 5}}
            budget: {parameters: 50000}
            output: out
            """
        let comparison = try ComparisonConfiguration.parse(yaml: yaml, path: "c.yaml")
        let (sized, choices) = try comparison.sized()
        let one = try ModelInventory(
            configuration: ModelFiles(modelAt: root + "/Examples/tiny").configuration,
            storage: .encoding(.float32),
            adapter: {
                var section = AdapterSection()
                section.rank = 1
                return section
            }()
        ).trainableElements
        // LoRA's count is its rank times the count of rank 1.
        let rank = Int((50000 / Double(one)).rounded())
        #expect(choices == [.init(rank: rank, parameters: rank * one), .init(rank: rank, parameters: rank * one)])
        #expect(sized.methods.map { $0.run.adapter?.rank } == [rank, rank])
        #expect(sized.methods.map { $0.run.adapter?.alpha } == [Double(2 * rank), 5])
    }
}
