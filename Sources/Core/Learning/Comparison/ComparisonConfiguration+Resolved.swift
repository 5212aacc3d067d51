package import CatenaSchema

extension ComparisonConfiguration {
    /// The complete configuration, defaults included: the content of `comparison.yaml` in the output folder.
    ///
    /// Each method has its whole run, without what its cells change.
    package var resolved: ConfigurationValue {
        var entries: [ConfigurationValue.Entry] = [
            .init("methods", .section(methods.map { .init($0.name, .section($0.entries)) })),
            .init("seeds", .list(seeds.map { .integer($0) })),
            .init("budget", .section(budget.entries)),
            .init("selection", .text(selection.rawValue)),
            .init("untrained", .boolean(measuresUntrained)),
        ]
        let tests = tasks.map { task in
            ConfigurationValue.Entry(task.name, .section([.init("kind", .text(task.kind.rawValue))] + task.entries))
        }
        if !tests.isEmpty { entries.append(.init("evaluate", .section(tests))) }
        return .section(entries)
    }

    /// The same configuration always gives the same text.
    package var resolvedYAML: String { resolved.blockYAML() }

    /// What a comparison that goes on may change: how its runs are spread and reported.
    private static let mayDiffer = ["distributed", "checkpoint", "log"]

    /// The keys on which this configuration differs from the one that `yaml` holds, which ``resolvedYAML`` wrote.
    ///
    /// - Throws: ``ConfigurationError`` if it cannot be read.
    package func differences(
        fromResolved yaml: String, path: String
    ) throws(ConfigurationError) -> [ConfigurationDifference] {
        ConfigurationDifference.between(
            try Self.leaves(resolvedYAML, path: path), try Self.leaves(yaml, path: path))
    }

    private static func leaves(
        _ yaml: String, path: String
    ) throws(ConfigurationError) -> [ConfigurationDifference.Leaf] {
        let root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        return RunConfiguration.leaves(of: root.value, ignoring: []).filter { leaf in
            let keys = leaf.keyPath.split(separator: ".")
            return keys.first != "methods" || !keys.contains { mayDiffer.contains(String($0)) }
        }
    }
}

extension ComparisonConfiguration.Budget {
    /// `200 steps and about 460000 trainable parameters`.
    package var summary: String {
        [steps.map { "\($0) steps" }, parameters.map { "about \($0) trainable parameters" }].compactMap(\.self)
            .joined(separator: " and ")
    }
}

extension ComparisonConfiguration.Method {
    fileprivate var entries: [ConfigurationValue.Entry] {
        var entries: [ConfigurationValue.Entry] = [
            .init("learning-rates", .list(learningRates.map { .number($0) }))
        ]
        guard case .section(let run) = run.resolved else { return entries }
        for entry in run where entry.key != "output" {
            guard entry.key == "training", case .section(let training) = entry.value else {
                entries.append(entry)
                continue
            }
            let kept = training.filter { !["learning-rate", "seed"].contains($0.key) }
            entries.append(.init("training", .section(kept)))
        }
        return entries
    }
}
