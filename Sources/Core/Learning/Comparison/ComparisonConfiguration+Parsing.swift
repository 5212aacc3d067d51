package import CatenaSchema

extension ComparisonConfiguration {
    private static let keys = ["base", "methods", "seeds", "budget", "selection", "evaluate", "output"]

    /// Reads and checks a configuration file.
    ///
    /// - Parameter overrides: arguments of `--set`, `section.key=value`, applied before anything is checked.
    package static func load(
        path: String, overrides: [String] = []
    ) throws(ConfigurationError) -> ComparisonConfiguration {
        try parse(yaml: try ConfigurationNode.text(ofFile: path), path: path, overrides: overrides)
    }

    /// Checks the text of a configuration; `path` is only for messages.
    package static func parse(
        yaml: String, path: String, overrides: [String] = []
    ) throws(ConfigurationError) -> ComparisonConfiguration {
        var root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        for argument in overrides { try root.apply(override: argument) }
        do throws(ConfigurationError) {
            return try ComparisonConfiguration(root)
        } catch {
            throw error.suggesting(from: RunConfiguration.keyPaths)
        }
    }

    init(_ root: ConfigurationNode) throws(ConfigurationError) {
        let reader = try SectionReader(root, path: "", origin: root.origin, known: Self.keys)
        output = try reader.required(
            try reader.value("output", .path("the path of a folder")), "output",
            expected: "the folder for the comparison's results")
        budget = try Self.budget(reader)
        seeds = try reader.value("seeds", .seeds) ?? [0]
        selection = try reader.value("selection", .choice) ?? .allSeeds
        (tasks, measuresUntrained) = try Self.tests(reader.node("evaluate"), origin: reader.origin)
        let base = try BaseSections(reader, budget: budget)
        let entries = try reader.required(
            reader.node("methods"), "methods", expected: "a list of methods, such as [{adapter: {method: lora}}]")
        guard case .list(let nodes) = entries.content, !nodes.isEmpty else {
            throw .invalid(entries, reader.keyPath("methods"), expected: "a list of at least one method")
        }
        var methods: [Method] = []
        for (index, node) in nodes.enumerated() {
            let method = try Method(
                node, path: "methods[\(index)]", base: base, budget: budget, seed: seeds[0], output: output)
            if let twin = methods.firstIndex(where: { $0.name == method.name }) {
                throw .contradiction(
                    origin: node.origin,
                    problem: "methods[\(index)] and methods[\(twin)] are both called \(method.name)",
                    advice: "give them different names (name: ...)")
            }
            methods.append(method)
        }
        self.methods = methods
        for index in tasks.indices where tasks[index].columns == nil && tasks[index].kind != .choice {
            tasks[index].columns = methods[0].run.data.columns
        }
        try requireValidation(base)
        try requireGeneration(base)
    }

    private static func budget(_ outer: SectionReader) throws(ConfigurationError) -> Budget {
        let node = try outer.required(
            outer.node("budget"), "budget", expected: "{steps: N}, {parameters: N} or both, the same for all methods")
        let budget = try Budget(node, path: "budget", origin: outer.origin)
        guard budget.steps != nil || budget.parameters != nil else {
            throw .missingKey(
                origin: node.origin, keyPath: "budget", expected: "steps: N, parameters: N or both")
        }
        return budget
    }

    /// Learning rates are chosen, and methods ranked, by the validation loss.
    private func requireValidation(_ base: BaseSections) throws(ConfigurationError) {
        guard methods[0].run.data.validation == nil else { return }
        throw .missingKey(
            origin: base.origin, keyPath: "base.data.validation",
            expected: "a file of examples by which learning rates are chosen and methods are compared")
    }

    private func requireGeneration(_ base: BaseSections) throws(ConfigurationError) {
        guard methods[0].run.distributed.placement == .sharded,
            let task = tasks.first(where: { $0.kind == .exactMatch })
        else { return }
        throw .contradiction(
            origin: base.origin,
            problem: "the task \(task.name) generates answers, which base.distributed.placement: sharded cannot",
            advice: "use placement node or replicated, or judge by choice")
    }
}

extension ValueKind where Value == [Int] {
    fileprivate static let seeds = list(
        of: .wholeNumber(0...Int.max), "a list of different whole numbers of at least 0, such as [0, 1]"
    ) { Set($0).count == $0.count }
}
