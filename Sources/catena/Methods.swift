import ArgumentParser
import CatenaAdapters
import CatenaFiles

/// `catena methods`.
struct Methods: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the adapter methods, or describe one.",
        discussion: """
            EXAMPLES:
              catena methods
              catena methods lora
              catena methods --json
            """)

    @Argument(help: "Name of a method.")
    var name: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if json {
            let methods = try name.map { [try AdapterMethod.named($0)] } ?? AdapterMethod.all
            let list = try methods.map(MethodText.json)
            let value = name == nil ? JSONValue.array(list) : list[0]
            StandardOutput.write(json: value.prettyText())
        } else if let name {
            StandardOutput.write(try MethodText.description(AdapterMethod.named(name)))
        } else {
            StandardOutput.write(try MethodText.list(AdapterMethod.all))
        }
    }
}
