import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaReporting
import CatenaSchema

/// The options of `catena inspect --count`.
struct CountedAdapter: ParsableArguments {
    @Flag(help: "Count what methods would train in the model at path, from its shape alone.")
    var count = false
    @Option(help: ArgumentHelp("With --count: one method in detail. (default: all methods)", valueName: "name"))
    var method: String?
    @Option(help: ArgumentHelp("With --count: adapter.rank.", valueName: "rank"))
    var rank: Int?
    @Option(
        help: ArgumentHelp(
            "With --count: a key of the adapter section; may be repeated.", valueName: "adapter.key=value"))
    var set: [String] = []

    func validate() throws {
        if !count, method != nil || rank != nil || !set.isEmpty {
            throw ValidationError("--method, --rank and --set are for --count.")
        }
        for argument in set where !argument.hasPrefix("adapter.") {
            throw ValidationError("--set \(argument): expected a key of the adapter section, adapter.key=value.")
        }
    }

    /// Whether one method is asked for, not the list of all.
    private var isSingle: Bool { method != nil || rank != nil || !set.isEmpty }

    /// The text or JSON to print.
    func report(path: String, asJSON: Bool) throws -> String {
        let model = try ModelFamily.configuration(at: path)
        if isSingle {
            let count = try ParameterCount(
                model: model, section: try AdapterOptions.section(method: method, rank: rank, set: set))
            return asJSON ? count.json.prettyText() : count.text
        }
        let counts = AdapterMethod.all.map { method in
            Result { try ParameterCount(model: model, section: method.defaultSection) }
        }
        if asJSON {
            return JSONValue.array(zip(AdapterMethod.all, counts).map(Self.json)).prettyText()
        }
        let rows = zip(AdapterMethod.all, counts).map(Self.row)
        return TextTable.lines([["method", "trained", "of the model", "with"]] + rows, rightAligned: [1, 2])
            .joined(separator: "\n") + "\n"
    }

    private static func json(_ method: AdapterMethod, _ count: Result<ParameterCount, any Error>) -> JSONValue {
        switch count {
        case .success(let count): count.json
        case .failure(let problem):
            ["adapter": ["method": .string(method.name)], "problem": .string("\(problem)")]
        }
    }

    private static func row(_ method: AdapterMethod, _ count: Result<ParameterCount, any Error>) -> [String] {
        switch count {
        case .failure(let problem): return [method.name, "-", "-", "\(problem)"]
        case .success(let count):
            let keys = count.section.entries.filter { ["rank", "targets"].contains($0.key) }
            let options = keys.map { "\($0.key) \($0.value.inlineYAML)" }.joined(separator: ", ")
            return [method.name, count.groupedTrainedParameters, count.percentage, options]
        }
    }
}
