import ArgumentParser
import CatenaLearning
import CatenaFiles
import CatenaReporting
import CatenaSchema

/// `catena config`.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the keys of a run's configuration, or explain them.",
        discussion: """
            KEY is a key, a section, or the end of their paths. catena methods NAME describes the options of a method.

            EXAMPLES:
              catena config
              catena config --explain distributed
              catena config --explain micro-batch --json
            """)

    @Argument(help: "Only this key or section.")
    var key: String?
    @Flag(help: "Say all about each key.")
    var explain = false
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Print the table of docs/configuration.md.")
    var markdown = false

    func validate() throws {
        if markdown, json || explain || key != nil { throw ValidationError("--markdown stands alone.") }
    }

    func run() throws {
        if markdown { return StandardOutput.write(RunConfiguration.keyTable) }
        let keys = try key.map(RunConfiguration.keys(matching:)) ?? RunConfiguration.keyDescriptions
        if json {
            StandardOutput.write(json: JSONValue.array(keys.map(\.json)).prettyText())
        } else if explain {
            StandardOutput.write(keys.map(\.text).joined(separator: "\n"))
        } else {
            let rows = keys.map { [$0.path, $0.shownDefault, $0.meaning] }
            StandardOutput.write(
                (TextTable.lines(rows) + ["", "catena config --explain KEY   all about a key", ""]).joined(
                    separator: "\n"))
        }
    }
}
