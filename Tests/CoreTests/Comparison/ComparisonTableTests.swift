import CatenaLearning
import CatenaFiles
import Foundation
import Testing

/// Results of the comparison that `comparisonYAML` writes; method one is better at 4e-3.
func comparisonTable(
    isComplete: Bool = true, divergedRate: Double? = nil, _ change: (inout String) -> Void = { _ in }
) throws -> ComparisonTable {
    let configuration = try ComparisonConfiguration.parse(yaml: comparisonYAML(change), path: "c.yaml")
    var results: [String: CellResult] = [:]
    var tests: [String: TestResult] = [:]
    for method in configuration.methods {
        for cell in configuration.selectionCells(method) {
            var result = CellResult(cell, lines: [], parameters: 1_234_567, ranks: 2)
            result.validationLoss = (cell.learningRate == 4e-3 ? 1 : 2) + (cell.seed == 3 ? 0.25 : 0.75)
            result.trainingLoss = 1
            result.tokensPerSecond = 900 + Double(cell.seed)
            result.seconds = 60 + Double(cell.seed)
            result.peakResidentBytes = 1_500_000_000 + cell.seed
            if cell.learningRate == divergedRate { result = CellResult(cell, divergence: "step 3: the loss is nan") }
            results[cell.name] = result
            tests[cell.name] = TestResult(scores: [
                "sums": .init(value: cell.seed == 3 ? 0.5 : 0.7, examples: 7), "boolq": .init(value: 0.25, examples: 9),
            ])
        }
    }
    if !isComplete { results["lora-0.002-5"] = nil }
    let untrained = TestResult(
        scores: ["sums": .init(value: 0, examples: 7), "boolq": .init(value: 0.5, examples: 9)], validationLoss: 9)
    return ComparisonTable(
        configuration, parameters: [1_234_567, 8], results: results, tests: tests, untrained: untrained)
}

@Suite("Tables of comparisons")
struct ComparisonTableTests {
    @Test("mean and sample standard deviation, by hand")
    func spread() {
        #expect(SeedSpread([2, 4, 4, 4, 5, 5, 7, 9]).mean == 5)
        let deviation = SeedSpread([2, 4, 4, 4, 5, 5, 7, 9]).standardDeviation ?? 0
        #expect(abs(deviation - (32.0 / 7).squareRoot()) < 1e-15)
        #expect(SeedSpread([3]).standardDeviation == nil)
        #expect(SeedSpread([]).mean.isNaN)
    }

    @Test("a method's row has the learning rate with the lowest mean validation loss and only its runs")
    func rows() throws {
        let table = try comparisonTable()
        #expect(table.rows.map(\.name) == ["one", "lora"])
        #expect(table.rows[0].learningRate == 4e-3 && table.rows[1].learningRate == 2e-3)
        #expect(table.rows[0].validationLoss.values == [1.25, 1.75])
        #expect(table.rows[0].scores["sums"] == SeedSpread([0.5, 0.7]))
        #expect(table.rows[0].trials.map(\.learningRate) == [1e-3, 4e-3])
        #expect(table.rows[0].trials[0].validationLoss.mean == 2.5)
    }

    @Test("a learning rate at which a run diverged is not chosen; without another there is none")
    func divergence() throws {
        let some = try comparisonTable(divergedRate: 4e-3)
        #expect(some.rows[0].learningRate == 1e-3)
        #expect(some.notes.contains("Diverged: one at 0.004."))
        let all = try comparisonTable(divergedRate: 2e-3)
        #expect(all.rows[1].learningRate == nil)
        #expect(all.text.contains("all diverged"))
    }

    @Test("a method that is not finished is left out and said so")
    func incomplete() throws {
        let table = try comparisonTable(isComplete: false)
        #expect(table.rows.map(\.name) == ["one"])
        #expect(table.notes.contains("Not finished: 1 of 2 methods."))
        #expect(table.json["is_complete"] == .bool(false))
    }

    @Test("the printed table, column by column")
    func text() throws {
        let lines = try comparisonTable().text.split(separator: "\n").map(String.init)
        func words(_ line: String) -> [String] {
            line.replacingOccurrences(of: "  +", with: "|", options: .regularExpression).split(separator: "|").map(
                String.init)
        }
        #expect(
            words(lines[0]) == [
                "method", "rank", "parameters", "learning rate", "seeds", "validation loss", "sums, %", "boolq, %",
                "mean of tasks, %", "tokens/s", "memory, GB", "time",
            ])
        #expect(words(lines[2]) == ["untrained", "0", "9.0000", "0.0", "50.0", "25.0"])
        #expect(
            words(lines[3]) == [
                "one", "4", "1,234,567", "0.004", "2", "1.5000 ± 0.3536", "60.0 ± 14.1", "25.0 ± 0.0", "42.5 ± 7.1",
                "904",
                "1.50", "1:04",
            ])
        #expect(lines.contains { $0.contains("no choice depends on a test") })
    }

    @Test("a method that is more than a tenth away from the wanted parameters is marked and named")
    func missedBudget() throws {
        let table = try comparisonTable {
            $0 = $0.replacingOccurrences(of: "budget: {steps: 20}", with: "budget: {steps: 20, parameters: 1200000}")
                .replacingOccurrences(of: "rank: 4}", with: "alpha: 4}")
        }
        let lines = table.text.split(separator: "\n")
        #expect(lines[3].contains("  1,234,567  "))
        #expect(lines[4].contains("  * 8  "))
        #expect(
            lines.contains {
                $0.hasPrefix("* More than 10 % away from the budget of 1,200,000 parameters")
                    && $0.hasSuffix(": lora (8, 0 %).")
            })
        #expect(table.json["methods"]?.arrayValue?.map { $0["misses_budget"] } == [.bool(false), .bool(true)])
        let budget = table.configuration.budget
        #expect(!budget.isMissed(by: 1_320_000) && budget.isMissed(by: 1_320_001) && budget.isMissed(by: 1_079_999))
        #expect(try comparisonTable().configuration.budget.missNote([("m", 1)]) == nil)
    }

    @Test("CSV has full precision and quotes names that need it")
    func csv() throws {
        let table = try comparisonTable {
            $0 = $0.replacingOccurrences(of: "name: sums", with: "name: \"a, \\\"b\\\"\"")
        }
        let lines = table.csv.split(separator: "\n")
        #expect(lines[0].contains("\"a, \"\"b\"\"_mean\",\"a, \"\"b\"\"_sd\""))
        #expect(lines[1].hasPrefix("one,lora,4,1234567,0.004,2,1.5,0.3535533905932738,1.0,"))
        #expect(lines.count == 3)
    }

    @Test("results and tests read back from what is stored")
    func storedForms() throws {
        let cell = ComparisonConfiguration.Cell(method: "m", learningRate: 1e-3 / 3, seed: 4)
        let lines = [metricsLine(1), metricsLine(2, validationLoss: 2 / 3)]
        var result = CellResult(cell, lines: lines, parameters: 5, ranks: 2)
        result.residentBytesBefore = 77
        #expect(result.validationLoss == 2 / 3 && result.steps == 2 && result.tokens == 4096)
        #expect(abs(result.trainingLoss - (1.5 + 1.0 / 3)) < 1e-15)
        #expect(try CellResult(JSONDocument(result.json, path: "r")) == result)
        let diverged = CellResult(cell, divergence: "why")
        // Its numbers are not, so they are not equal either.
        #expect(try CellResult(JSONDocument(diverged.json, path: "r")).json == diverged.json)
        let test = TestResult(scores: ["a b": .init(value: 1 / 3, examples: 3)], validationLoss: 0.5)
        #expect(try TestResult(JSONDocument(test.json, path: "t")) == test)
        #expect(throws: FileError.self) { try CellResult(JSONDocument(["method": "m"], path: "r")) }
    }
}
