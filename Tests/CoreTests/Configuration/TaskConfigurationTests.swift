import CatenaLearning
import CatenaModels
import CatenaSchema
import Testing

@Suite("Tasks in configurations")
struct TaskConfigurationTests {
    private func parse(_ lines: String...) throws -> RunConfiguration {
        try RunConfiguration.parse(
            yaml: minimalConfiguration + "\n" + lines.joined(separator: "\n"), path: "run.yaml")
    }

    private func message(_ lines: String...) -> String {
        do {
            _ = try RunConfiguration.parse(
                yaml: minimalConfiguration + "\n" + lines.joined(separator: "\n"), path: "run.yaml")
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test("a language model's configuration does not name the task, so that its fingerprint stays")
    func languageModel() throws {
        let plain = try parse()
        #expect(plain.task == .languageModel)
        for key in ["task", "labels", "preference"] { #expect(!plain.resolvedYAML.contains("\(key):")) }
        #expect(try parse("task: language-model").fingerprint() == plain.fingerprint())
    }

    @Test("task, labels and preference are read back from what is written, and may not change on resume")
    func roundTrip() throws {
        let classes = try parse("task: classification", "labels: [bad, good]")
        #expect(classes.labels == ["bad", "good"])
        #expect(try RunConfiguration.parse(yaml: classes.resolvedYAML, path: "r") == classes)
        let pairs = try parse("task: preference", "preference: {beta: 0.3, label-smoothing: 0.1}")
        #expect(pairs.preference.beta == 0.3 && pairs.preference.labelSmoothing == 0.1)
        #expect(try RunConfiguration.parse(yaml: pairs.resolvedYAML, path: "r") == pairs)
        let others = [
            try parse("task: classification"), try parse("task: classification", "labels: [good, bad]"),
            try parse("task: regression"), try parse(),
        ]
        for other in others { #expect(!classes.differences(from: other).isEmpty) }
        #expect(!pairs.differences(from: try parse("task: preference")).isEmpty)
    }

    @Test("tasks and losses that are known but not there yet are refused as that")
    func notYet() {
        for task in ["multi-label", "sequence-to-sequence"] {
            #expect(message("task: \(task)").contains("but got \(task); that task is not supported yet."))
        }
        for loss in ["ipo", "orpo", "simpo"] {
            #expect(
                message("task: preference", "preference: {loss: \(loss)}")
                    .contains("expected dpo, but got \(loss); that loss is not supported yet."))
        }
        #expect(message("task: clasification").contains("did you mean classification?"))
    }

    @Test("what belongs to one task is refused with another")
    func contradictions() {
        #expect(message("labels: [a, b]").contains("there are labels, but task is language-model"))
        #expect(message("task: regression", "labels: [a, b]").contains("task is regression, which has no classes"))
        #expect(message("task: classification", "labels: [a]").contains("there is nothing to choose"))
        #expect(message("task: classification", "labels: [a, a]").contains("two or more different names"))
        #expect(message("task: classification", "preference: {beta: 1}").contains("but task is classification"))
        #expect(message("task: preference", "preference: {label-smoothing: 0.5}").contains("below 0.5"))
        #expect(message("task: classification", "chain: {links: 2}").contains("chains are for language-model and"))
        #expect(
            message("task: preference", "chain: {links: 2, merge: weights}").contains("without links in its matrices"))
        #expect(message("task: preference", "chain: {links: 2}") == "accepted")
    }

    @Test("columns may be named with hyphens, each once")
    func columns() throws {
        let yaml = minimalConfiguration.replacing("data: {", with: "data: {columns: {text-pair: b, text: a}, ")
        #expect(yaml != minimalConfiguration)
        let run = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
        #expect(run.data.columns.map(\.key) == ["text_pair", "text"])
        #expect(throws: ConfigurationError.self) {
            try RunConfiguration.parse(yaml: yaml.replacing("text: a", with: "text_pair: a"), path: "run.yaml")
        }
    }
}
