import CatenaLearning
import CatenaFiles
import CatenaSchema
import Foundation
import Testing

@Suite("Descriptions of configuration keys")
struct KeyDescriptionTests {
    private let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs").path

    @Test("the table of docs/configuration.md is the one that the keys give")
    func documentation() throws {
        let text = try String(contentsOfFile: docs + "/configuration.md", encoding: .utf8)
        let table = text.split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix("| key |") }
            .prefix { $0.hasPrefix("|") }
        #expect(
            table.joined(separator: "\n") + "\n" == RunConfiguration.keyTable,
            "put what catena config --markdown prints into docs/configuration.md")
    }

    @Test(
        "each key has a meaning, each page is there, and each default is the one that a short configuration resolves to"
    )
    func defaults() throws {
        let resolved = try RunConfiguration.parse(
            yaml: minimalConfiguration + "\nchain: {links: 1}", path: "run.yaml")
        func value(_ path: String) -> ConfigurationValue? {
            path.split(separator: ".").reduce(resolved.resolved) { value, key in
                guard case .section(let entries)? = value else { return nil }
                return entries.first { $0.key == key }?.value
            }
        }
        var compared = 0
        for key in RunConfiguration.keyDescriptions {
            #expect(!key.meaning.isEmpty && !key.meaning.contains("\n") && !key.values.isEmpty, "\(key.path)")
            if let page = key.page?.prefix(while: { $0 != "#" }) {
                #expect(FileManager.default.fileExists(atPath: "\(docs)/\(page)"), "\(page)")
            }
            guard let found = value(key.path), !key.isRequired, key.path != "training.steps" else { continue }
            if case .section = found { continue }
            guard !["adapter.", "chain.links", "training.micro"].contains(where: key.path.hasPrefix) else { continue }
            #expect(key.defaultText == found.inlineYAML, "\(key.path)")
            compared += 1
        }
        #expect(compared > 30)
        #expect(Set(RunConfiguration.keyPaths).count == RunConfiguration.keyPaths.count)
    }

    @Test("a key is found by its path, by the end of it and by its section")
    func matching() throws {
        func paths(_ key: String) throws -> [String] { try RunConfiguration.keys(matching: key).map(\.path) }
        #expect(try paths("checkpoint") == ["checkpoint", "checkpoint.every", "checkpoint.keep"])
        #expect(try paths("training.seed") == ["training.seed"])
        #expect(try paths("micro-batch") == ["training.micro-batch"])
        #expect(
            try paths("optimizer.name") == ["training.optimizer.name"] && paths("name").count == 2)
        #expect(throws: ConfigurationError.noSuchKey("adapter.rnak", suggestion: "adapter.rank")) {
            try paths("adapter.rnak")
        }
    }

    @Test("what a key says in full, and as JSON")
    func text() throws {
        let key = try #require(try RunConfiguration.keys(matching: "checkpoint.every").first)
        #expect(
            key.text == """
                checkpoint.every
                  steps between checkpoints; `none`: only on a signal
                  takes      a whole number of at least 1 or none
                  default    50
                  on resume  may change

                """)
        #expect(key.json["may_change_on_resume"]?.boolValue == true && key.json["default"]?.stringValue == "50")
    }

    @Test("what a resumed run may change is what the keys say, and sections say it for their keys")
    func resume() {
        let keys = RunConfiguration.keyDescriptions.filter(\.mayChangeOnResume).map(\.path)
        #expect(
            keys.filter { !$0.contains(".") || $0.hasPrefix("data.") || $0.hasPrefix("training.") } == [
                "data.validation", "data.cache", "training.steps", "training.epochs", "training.validation-every",
                "training.recompute", "distributed", "checkpoint", "log", "output",
            ])
        #expect(keys.contains("distributed.threads") && !keys.contains("training.seed"))
    }
}
