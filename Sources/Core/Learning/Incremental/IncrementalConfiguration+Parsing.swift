import CatenaAdapters
package import CatenaSchema

extension IncrementalConfiguration {
    private static let own = ["tasks", "memory", "method", "seed", "output"]
    private static let ofRun = [
        "model", "base-storage", "base-compute", "adapter", "data", "training", "distributed", "checkpoint", "log",
    ]

    /// Reads and checks a configuration file.
    ///
    /// - Parameter overrides: arguments of `--set`, `section.key=value`, applied before anything is checked.
    package static func load(
        path: String, overrides: [String] = []
    ) throws(ConfigurationError) -> IncrementalConfiguration {
        try parse(yaml: try ConfigurationNode.text(ofFile: path), path: path, overrides: overrides)
    }

    /// Checks the text of a configuration; `path` is only for messages.
    package static func parse(
        yaml: String, path: String, overrides: [String] = []
    ) throws(ConfigurationError) -> IncrementalConfiguration {
        var root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        for argument in overrides { try root.apply(override: argument) }
        do throws(ConfigurationError) {
            return try IncrementalConfiguration(root)
        } catch {
            throw error.suggesting(from: RunConfiguration.keyPaths)
        }
    }

    init(_ root: ConfigurationNode) throws(ConfigurationError) {
        let reader = try SectionReader(root, path: "", origin: root.origin, known: Self.ofRun + Self.own)
        let (run, test) = try Self.run(root, reader)
        self.init(run: run)
        self.test = test
        output = run.output
        seed = run.training.seed
        tasks = try reader.required(
            try reader.value("tasks", .tasks), "tasks", expected: "a number of tasks, or lists of classes")
        try readMemory(reader)
        try readMethod(reader)
        try check(reader)
    }

    /// The run that all tasks have in common, from the same keys as a run's configuration, and `data.test`.
    private static func run(
        _ root: ConfigurationNode, _ reader: SectionReader
    ) throws(ConfigurationError) -> (RunConfiguration, test: String) {
        guard let data = reader.node("data") else {
            throw .missingKey(origin: reader.origin, keyPath: "data", expected: "{train: FILE, test: FILE}")
        }
        let outer = try SectionReader(data, path: "data", origin: data.origin, known: nil)
        let test = try outer.required(
            try outer.value("test", .path("the path of a file")), "test",
            expected: "a file of samples with their classes")
        if outer.has("validation") {
            throw outer.contradiction(
                "validation", "data.validation means nothing here: every task is tested on data.test",
                advice: "remove it")
        }
        let training = try SectionReader(reader.node("training"), path: "training", origin: reader.origin, known: nil)
        if training.has("seed") {
            throw training.contradiction(
                "seed", "training.seed is one task's, and the whole sequence has a seed",
                advice: "give seed beside training")
        }
        func entry(_ key: String, _ node: ConfigurationNode) -> ConfigurationNode.Entry {
            .init(key: key, keyOrigin: node.origin, node: node)
        }
        func scalar(_ text: String) -> ConfigurationNode {
            ConfigurationNode(origin: reader.origin, content: .scalar(text, .argument))
        }
        var entries = root.entries.filter { ofRun.contains($0.key) && $0.key != "data" && $0.key != "training" }
        entries.append(entry("task", scalar("classification")))
        entries.append(
            entry(
                "data",
                ConfigurationNode(origin: data.origin, content: .section(data.entries.filter { $0.key != "test" }))))
        let seed = reader.node("seed").map { [entry("seed", $0)] } ?? []
        entries.append(
            entry(
                "training",
                ConfigurationNode(
                    origin: reader.node("training")?.origin ?? reader.origin,
                    content: .section((reader.node("training")?.entries ?? []) + seed))))
        if let output = reader.node("output") { entries.append(entry("output", output)) }
        let run = try RunConfiguration(
            ConfigurationNode(origin: root.origin, content: .section(entries)), methods: AdapterMethod.all)
        return (run, test)
    }

    private mutating func readMemory(_ outer: SectionReader) throws(ConfigurationError) {
        let reader = try SectionReader(
            outer.node("memory"), path: "memory", origin: outer.origin, known: ["total", "per-class", "selection"])
        let total = try reader.value("total", .wholeNumber(0...WholeNumberLimit.count))
        let perClass = try reader.value("per-class", .wholeNumber(0...WholeNumberLimit.count))
        if total != nil, perClass != nil {
            throw reader.contradiction(
                "total", "memory.total and memory.per-class both say how much is kept", advice: "keep one of them")
        }
        if let total { memory.size = .total(total) }
        if let perClass { memory.size = .perClass(perClass) }
        memory.selection = try reader.value("selection", .choice) ?? memory.selection
    }

    private mutating func readMethod(_ outer: SectionReader) throws(ConfigurationError) {
        let reader = try SectionReader(
            outer.node("method"), path: "method", origin: outer.origin,
            known: ["distillation", "temperature", "aligning", "cap", "non-negative", "joint"])
        method.distillation = try reader.value("distillation", .flag) ?? method.distillation
        method.temperature = try reader.value("temperature", .number(.positive)) ?? method.temperature
        method.aligning.norm = try reader.value("aligning", .choice) ?? method.aligning.norm
        method.aligning.isCapped = try reader.value("cap", .flag) ?? method.aligning.isCapped
        method.isNonNegative = try reader.value("non-negative", .flag) ?? method.isNonNegative
        method.isJoint = try reader.value("joint", .flag) ?? method.isJoint
        guard method.isJoint else { return }
        for (key, isOn) in [
            ("distillation", method.distillation && reader.has("distillation")),
            ("aligning", method.aligning.norm != .none && reader.has("aligning")),
        ] where isOn {
            throw reader.contradiction(
                key, "method.\(key) is on, but method.joint learns all classes seen from all their data",
                advice: "remove one of them")
        }
        (method.distillation, method.aligning.norm) = (false, .none)
    }

    private func check(_ reader: SectionReader) throws(ConfigurationError) {
        if run.adapter?.initialAdapter != nil {
            throw reader.contradiction(
                "adapter.init",
                "adapter.init is given, but the first task begins anew and each later one with the one before",
                advice: "remove it")
        }
    }
}

extension ValueKind where Value == IncrementalConfiguration.Tasks {
    fileprivate static let tasks = ValueKind(
        summary: "a number of tasks, or lists of classes such as [[cats, dogs], [birds]]",
        read: { node, path throws(ConfigurationError) in
            let expected = "a number of tasks, or lists of classes such as [[cats, dogs], [birds]]"
            if let count = node.integer(1...WholeNumberLimit.count) { return .count(count) }
            guard case .list(let lists) = node.content, !lists.isEmpty else {
                throw .invalid(node, path, expected: expected)
            }
            var tasks: [[String]] = []
            for list in lists {
                guard case .list(let names) = list.content, !names.isEmpty else {
                    throw .invalid(list, path, expected: "a list of one or more classes")
                }
                tasks.append(names.compactMap(\.text))
                guard tasks.last?.count == names.count else {
                    throw .invalid(list, path, expected: "a list of one or more classes")
                }
            }
            return .lists(tasks)
        },
        write: { tasks in
            switch tasks {
            case .count(let count): .integer(count)
            case .lists(let lists): .list(lists.map { .list($0.map { .text($0) }) })
            }
        })

    /// Writes the tasks as they are read.
    static func written(_ tasks: Value) -> ConfigurationValue { Self.tasks.write(tasks) ?? .integer(1) }
}
