import CatenaAdapters
import CatenaLearning
import CatenaEngine
import Foundation
import Testing

/// A small comparison; `change` edits its text.
func comparisonYAML(_ change: (inout String) -> Void = { _ in }) -> String {
    var text = """
        base:
          model: m
          data: {train: train.jsonl, validation: dev.jsonl}
          training: {global-batch: 8, micro-batch: 2, schedule: {name: cosine, warmup-steps: 3}}
        methods:
          - {name: one, adapter: {method: lora, rank: 4}, learning-rates: [1.0e-3, 4.0e-3]}
          - {adapter: {method: lora, rs-lora: true}, training: {schedule: {name: constant}}, learning-rate: 2.0e-3}
        seeds: [3, 5]
        budget: {steps: 20}
        evaluate: {choice: boolq.jsonl, exact-match: {name: sums, file: s.jsonl, limit: 7}}
        output: out
        """
    change(&text)
    return text
}

@Suite("Configurations of comparisons")
struct ComparisonConfigurationTests {
    private func parse(_ change: (inout String) -> Void = { _ in }) throws -> ComparisonConfiguration {
        try ComparisonConfiguration.parse(yaml: comparisonYAML(change), path: "c.yaml")
    }

    private func message(_ old: String, _ new: String) -> String {
        do {
            _ = try parse { text in
                #expect(text.contains(old))
                text = text.replacingOccurrences(of: old, with: new)
            }
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test("the base's columns hold for the tests of its forms, unless a task says its own")
    func columns() throws {
        typealias Column = RunConfiguration.DataSection.Column
        let plain = try parse()
        #expect(plain.tasks.allSatisfy { ($0.columns ?? []).isEmpty } && !plain.resolvedYAML.contains("columns"))
        func tasks(_ sums: String) throws -> [String: [Column]?] {
            let comparison = try parse { text in
                text = text.replacingOccurrences(of: "dev.jsonl}", with: "dev.jsonl, columns: {prompt: q}}")
                    .replacingOccurrences(of: "limit: 7", with: sums)
            }
            return Dictionary(comparison.tasks.map { ($0.name, $0.columns) }) { first, _ in first }
        }
        let mapped = try tasks("limit: 7")
        #expect(mapped["sums"] == [Column(key: "prompt", name: "q")] && mapped["boolq"] == .some(nil))
        #expect(try tasks("columns: {completion: a}")["sums"] == [Column(key: "completion", name: "a")])
        #expect(try tasks("columns: {}")["sums"] == .some([]))
        #expect(message("limit: 7", "columns: {promt: a}").contains("evaluate.exact-match.columns.promt"))
    }

    @Test("every cell is a run of the base with its method, learning rate and seed")
    func cells() throws {
        let comparison = try parse()
        #expect(comparison.methods.map(\.name) == ["one", "lora"])
        let method = comparison.methods[0]
        let cells = comparison.selectionCells(method)
        #expect(cells.map(\.name) == ["one-0.001-3", "one-0.001-5", "one-0.004-3", "one-0.004-5"])
        let run = comparison.run(cells[3], of: method)
        #expect(run.training.learningRate == 4e-3 && run.training.seed == 5)
        #expect(run.training.length == .steps(20) && run.training.microBatch == 2)
        #expect(run.output == "out/cells/one-0.004-5" && run.adapter?.rank == 4)
        #expect(comparison.cellCount == 6)
        // A method's own key of training replaces the base's as a whole.
        #expect(
            comparison.methods[1].run.training.schedule
                == {
                    var own = RunConfiguration.TrainingSection.Schedule(); own.name = .constant; return own
                }())
        #expect(comparison.methods[0].run.training.schedule.warmupSteps == 3)
    }

    @Test("with first-seed only the first seed tries all learning rates")
    func firstSeed() throws {
        let comparison = try parse { $0 += "\nselection: first-seed" }
        let method = comparison.methods[0]
        #expect(comparison.selectionCells(method).map(\.name) == ["one-0.001-3", "one-0.004-3"])
        #expect(comparison.chosenCells(method, learningRate: 4e-3).map(\.name) == ["one-0.004-3", "one-0.004-5"])
        #expect(comparison.cellCount == 5)
    }

    @Test("tasks have the name of their file unless they are given one")
    func tasks() throws {
        let comparison = try parse()
        #expect(comparison.tasks.map(\.name) == ["sums", "boolq"])
        #expect(comparison.tasks.map(\.kind) == [.exactMatch, .choice])
        #expect(comparison.tasks[0].limit == 7 && comparison.measuresUntrained)
    }

    @Test(
        "what makes no comparison is refused with its place",
        arguments: [
            ("rank: 4", "rnak: 4", "c.yaml:6:41: unknown key \"adapter.rnak\""),
            ("seeds: [3, 5]", "seeds: [3, 3]", "c.yaml:8:12: seeds: expected a list of different whole numbers"),
            ("seeds: [3, 5]", "seed: [3]", "c.yaml:8:1: unknown key \"seed\"; did you mean \"seeds\"?"),
            ("budget: {steps: 20}", "budget: {}", "c.yaml:9:9: the key \"budget\" is missing; give steps: N"),
            ("budget: {steps: 20}\n", "", "the key \"budget\" is missing"),
            ("name: one", "name: a/b", "methods[0].name: expected letters, digits"),
            ("name: one, ", "", "c.yaml:7:5: methods[1] and methods[0] are both called lora"),
            (
                "learning-rates: [1.0e-3, 4.0e-3]", "learning-rates: [1.0e-3, 0]",
                "c.yaml:6:76: methods[0].learning-rates"
            ),
            (", validation: dev.jsonl", "", "the key \"base.data.validation\" is missing"),
            (
                "global-batch: 8", "global-batch: 8, seed: 1",
                "base.training.seed is one seed, and a comparison has several"
            ),
            ("global-batch: 8", "global-batch: 8, steps: 1", "base.training.steps and budget.steps both say"),
            (
                "schedule: {name: constant}", "steps: 9",
                "methods[1].training.steps would make the comparison unfair; give budget.steps"
            ),
            (
                "model: m", "model: m\n  adapter: {method: lora}",
                "base has the section adapter, which runs do not share"
            ),
            ("model: m", "model: m\n  checkpoint: {every: none}", "base.checkpoint.every is none"),
            (
                "steps: 20", "steps: 20, parameters: 1000",
                "methods[0].adapter.rank is given, but budget.parameters chooses it"
            ),
            (
                "limit: 7", "length-normalised: true",
                "evaluate.exact-match.length-normalised means nothing to exact-match"
            ),
            ("boolq.jsonl", "sums.jsonl", "two tasks of evaluate are called sums"),
            ("limit: 7", "answer-pattern: \"(\"", "expected a regular expression with one group"),
            ("method: lora, rank: 4", "method: none", "adapter.method: expected"),
            ("output: out", "selection: some\noutput: out", "selection: expected one of all-seeds, first-seed"),
        ])
    func refused(old: String, new: String, expected: String) {
        let found = message(old, new)
        #expect(found.contains(expected), "\(found)")
        #expect(!found.contains("\n"))
    }

    @Test("the resolved configuration tells what differs, and nothing of how runs are spread")
    func differences() throws {
        let stored = try parse().resolvedYAML
        #expect(try parse().differences(fromResolved: stored, path: "x") == [])
        let other = try parse { $0 = $0.replacingOccurrences(of: "seeds: [3, 5]", with: "seeds: [3]") }
        #expect(
            try other.differences(fromResolved: stored, path: "x").map(\.description) == ["seeds: [3] against [3, 5]"])
        let spread = try parse {
            $0 = $0.replacingOccurrences(of: "model: m", with: "model: m\n  distributed: {threads: 1}")
        }
        #expect(try spread.differences(fromResolved: stored, path: "x") == [])
        let rank = try parse { $0 = $0.replacingOccurrences(of: "rank: 4", with: "rank: 2") }
        #expect(
            try rank.differences(fromResolved: stored, path: "x").map(\.keyPath)
                == ["methods.one.adapter.rank", "methods.one.adapter.alpha"])
    }
}
