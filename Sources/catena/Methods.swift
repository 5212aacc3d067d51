import ArgumentParser
import CatenaCore

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
        let methods = try name.map { [try AdapterMethod.named($0)] } ?? AdapterMethod.all
        if json {
            let list = methods.map(Self.json)
            let value = name == nil ? JSONValue.array(list) : list[0]
            StandardOutput.write(value.prettyText())
        } else if name != nil {
            StandardOutput.write(methods.map(Self.description).joined())
        } else {
            let width = (methods.map(\.name.count).max() ?? 0) + 2
            for method in methods {
                let padding = String(repeating: " ", count: width - method.name.count)
                StandardOutput.write("\(method.name)\(padding)\(method.summary)\n")
            }
        }
    }

    private static func json(_ method: AdapterMethod) -> JSONValue {
        let options = method.options.map { option in
            JSONValue.object([
                "name": .string(option.name), "default": .string(option.defaultValue.inlineYAML),
                "summary": .string(option.summary),
            ])
        }
        return [
            "name": .string(method.name), "summary": .string(method.summary), "formula": .string(method.formula),
            "source": .string(method.source), "options": .array(options),
        ]
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    }

    private static func description(_ method: AdapterMethod) -> String {
        let section = RunConfiguration.AdapterSection()
        let lines = [
            "\(method.name): \(method.summary)", "", indented(method.formula), "", "Source:", "",
            indented(method.source), "",
            "Configuration, with the defaults:", "", "adapter:",
            "  method: \(method.name)", "  rank: \(section.rank)", "  alpha: \(Int(section.alpha))",
            "  targets: all-linear",
            "  dropout: \(section.dropout)",
        ]
        let width = (method.options.map { $0.name.count + $0.defaultValue.inlineYAML.count }.max() ?? 0) + 4
        let options = method.options.map { option in
            let text = "\(option.name): \(option.defaultValue.inlineYAML)"
            return "  " + text + String(repeating: " ", count: max(1, width - text.count)) + "# \(option.summary)"
        }
        return (lines + options).joined(separator: "\n") + "\n"
    }
}
