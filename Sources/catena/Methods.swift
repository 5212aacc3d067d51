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
            "parameters": .string(method.parameterFormula), "source": .string(method.source),
            "peft_type": method.peftType.map { .string($0) } ?? .null, "has_lora_form": .bool(method.hasLoRAForm),
            "options": .array(options),
        ]
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    }

    private static func exports(_ method: AdapterMethod) -> String {
        var forms: [String] = []
        if let type = method.peftType { forms.append("peft (\(type))") }
        if method.hasLoRAForm { forms.append("lora (exact), gguf") }
        return (forms + ["merged"]).joined(separator: ", ")
    }

    private static func description(_ method: AdapterMethod) -> String {
        let summaries = Dictionary(uniqueKeysWithValues: method.options.map { ($0.name, $0.summary) })
        let entries = method.defaultSection.entries
        let lines = entries.map { "\($0.key): \($0.value.inlineYAML)" }
        let width = (lines.map(\.count).max() ?? 0) + 2
        let snippet = zip(entries, lines).map { entry, line in
            guard let summary = summaries[entry.key] else { return "  " + line }
            return "  " + line + String(repeating: " ", count: width - line.count) + "# " + summary
        }
        return """
            \(method.name): \(method.summary)

            \(indented(method.formula))

            Trained parameters: \(method.parameterFormula)
            Exports: \(exports(method))

            Source:

            \(indented(method.source))

            Configuration, with the defaults:

            adapter:
            \(snippet.joined(separator: "\n"))

            """
    }
}
