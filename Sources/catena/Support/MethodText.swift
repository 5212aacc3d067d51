import CatenaAdapters
import CatenaDistributed
import CatenaFiles
import CatenaReporting
import CatenaSchema

/// How `catena methods` shows methods.
enum MethodText {
    /// All methods by what they change and how they leave: name, summary, trained parameters.
    static func list(_ methods: [AdapterMethod]) throws -> String {
        let traits = try methods.map { try $0.traits() }
        let lines = TextTable.lines(methods.map { ["  " + $0.name, $0.summary, firstClause($0.parameterFormula)] })
        var groups: [(heading: String, lines: [String])] = []
        for kind in AdapterMethod.Kind.allCases {
            for (line, traits) in zip(lines, traits) where traits.kind == kind {
                let heading = "\(kind.title) (\(exports(traits)))"
                if let index = groups.firstIndex(where: { $0.heading == heading }) {
                    groups[index].lines.append(line)
                } else {
                    groups.append((heading, [line]))
                }
            }
        }
        return groups.map { ([$0.heading] + $0.lines).joined(separator: "\n") + "\n" }.joined(separator: "\n") + """

            Last column: trained parameters; Σ is over the adapted matrices [out, in]. In brackets: what catena export writes.
            catena methods NAME            formula, options, source and a configuration
            catena inspect MODEL --count   trained parameters in a model

            """
    }

    /// Everything about one method.
    static func description(_ method: AdapterMethod) throws -> String {
        let traits = try method.traits()
        return """
            \(method.name): \(method.summary)

            \(indented(method.formula))

            Trained parameters: \(method.parameterFormula)
            Kept beside them:   \(method.keptFormula ?? "nothing")
            Leaves as: \(leaves(method, traits))

            Source:

            \(indented(method.source))

            Configuration, with the defaults:

            adapter:
            \(snippet(method).joined(separator: "\n"))

            """
    }

    /// The facts of one method.
    static func json(_ method: AdapterMethod) throws -> JSONValue {
        let traits = try method.traits()
        let options = method.options.map { option in
            var members: JSONObject = [
                "name": .string(option.name), "default": .string(option.defaultValue.inlineYAML),
                "summary": .string(option.summary), "type": .string(option.kind.name),
            ]
            if case .choice(let choices) = option.kind { members["choices"] = .array(choices.map { .string($0) }) }
            return JSONValue.object(members)
        }
        return [
            "name": .string(method.name), "summary": .string(method.summary), "formula": .string(method.formula),
            "parameters": .string(method.parameterFormula), "kept": method.keptFormula.map { .string($0) } ?? .null,
            "source": .string(method.source),
            "peft_type": method.peftType.map { .string($0) } ?? .null, "has_lora_form": .bool(method.hasLoRAForm),
            "exports": .array(traits.exports.map { .string($0.rawValue) }), "options": .array(options),
            "defaults": method.defaultSection.json,
        ]
    }

    /// A text up to its first comma or semicolon: the description has the rest.
    private static func firstClause(_ text: String) -> String { String(text.prefix { $0 != "," && $0 != ";" }) }

    private static func exports(_ traits: AdapterMethod.Traits) -> String {
        traits.exports.isEmpty ? "own form only" : traits.exports.map(\.rawValue).joined(separator: ", ")
    }

    private static func leaves(_ method: AdapterMethod, _ traits: AdapterMethod.Traits) -> String {
        var forms: [String] = []
        if let type = method.peftType { forms.append("peft (\(type))") }
        if traits.exports.contains(.lora) {
            forms.append((method.peftType == nil ? "peft, lora" : "lora") + " (exact), gguf (llama.cpp)")
        }
        if traits.exports.contains(.merged) { forms.append("merged model") }
        if !traits.exports.contains(.peft) {
            forms.append("Catena's own form, which PEFT does not read")
        }
        return forms.joined(separator: "; ")
    }

    /// The lines of an `adapter` section; what an option does stands behind it.
    private static func snippet(_ method: AdapterMethod) -> [String] {
        let options = Dictionary(uniqueKeysWithValues: method.options.map { ($0.name, $0) })
        let rows = method.defaultSection.entries.map { entry in
            ["  \(entry.key): \(entry.value.inlineYAML)", options[entry.key].map { "# " + comment($0) } ?? ""]
        }
        return TextTable.lines(rows)
    }

    private static func comment(_ option: AdapterOption) -> String {
        guard case .choice(let choices) = option.kind, !choices.allSatisfy(option.summary.contains) else {
            return option.summary
        }
        return option.summary + " (" + choices.joined(separator: ", ") + ")"
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  " + $0 }
            .joined(separator: "\n")
    }
}

extension AdapterOption.Kind {
    /// A short name for programs.
    fileprivate var name: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "integer"
        case .number, .numberAtLeast: "number"
        case .choice: "choice"
        default: "value"
        }
    }
}
