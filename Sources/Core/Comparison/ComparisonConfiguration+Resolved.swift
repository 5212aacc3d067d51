extension ComparisonConfiguration {
    /// The complete configuration, defaults included: the content of `comparison.yaml` in the output folder.
    ///
    /// Each method has its whole run, without what its cells change.
    public var resolved: ConfigurationValue {
        var entries: [ConfigurationValue.Entry] = [
            .init("methods", .section(methods.map { .init($0.name, .section($0.entries)) })),
            .init("seeds", .list(seeds.map { .integer($0) })),
            .init("budget", .section(budget.entries)),
            .init("selection", .text(selection.rawValue)),
            .init("untrained", .boolean(measuresUntrained)),
        ]
        if !tasks.isEmpty {
            entries.append(.init("evaluate", .section(tasks.map { .init($0.name, .section($0.entries)) })))
        }
        return .section(entries)
    }

    /// The same configuration always gives the same text.
    public var resolvedYAML: String { resolved.blockYAML() }

    /// What a comparison that goes on may change: how its runs are spread and reported.
    private static let mayDiffer = ["distributed", "checkpoint", "log"]

    /// The keys on which this configuration differs from the one that `yaml` holds, which ``resolvedYAML`` wrote.
    ///
    /// - Throws: ``ConfigurationError`` if it cannot be read.
    public func differences(
        fromResolved yaml: String, path: String
    ) throws(ConfigurationError) -> [ConfigurationDifference] {
        let theirs = try Self.leaves(yaml, path: path)
        let mine = try Self.leaves(resolvedYAML, path: path)
        let added = theirs.filter { leaf in !mine.contains { $0.keyPath == leaf.keyPath } }
        return (mine.map(\.keyPath) + added.map(\.keyPath)).compactMap { keyPath in
            let first = mine.first { $0.keyPath == keyPath }?.text
            let second = theirs.first { $0.keyPath == keyPath }?.text
            return first == second ? nil : ConfigurationDifference(keyPath: keyPath, first: first, second: second)
        }
    }

    private static func leaves(
        _ yaml: String, path: String
    ) throws(ConfigurationError) -> [(keyPath: String, text: String)] {
        let root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        return RunConfiguration.leaves(of: root.value, ignoring: []).filter { leaf in
            let keys = leaf.keyPath.split(separator: ".")
            return keys.first != "methods" || !keys.contains { mayDiffer.contains(String($0)) }
        }
    }
}

extension ComparisonConfiguration.Budget {
    /// As the user would write it.
    var entries: [ConfigurationValue.Entry] {
        [("steps", steps), ("parameters", parameters)].compactMap { key, value in
            value.map { .init(key, .integer($0)) }
        }
    }

    /// `200 steps and about 460000 trainable parameters`.
    public var summary: String {
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

extension ComparisonConfiguration.Task {
    fileprivate var entries: [ConfigurationValue.Entry] {
        var entries: [ConfigurationValue.Entry] = [.init("kind", .text(kind.rawValue)), .init("file", .text(file))]
        if let columns, !columns.isEmpty {
            entries.append(.init("columns", .section(columns.map { .init($0.key, .text($0.name)) })))
        }
        if let limit { entries.append(.init("limit", .integer(limit))) }
        switch kind {
        case .loss: break
        case .exactMatch:
            entries += [.init("max-tokens", .integer(maximumTokens)), .init("batch", .integer(batch))]
            if let answerPattern { entries.append(.init("answer-pattern", .text(answerPattern))) }
        case .choice: entries.append(.init("length-normalised", .boolean(isLengthNormalised)))
        }
        return entries
    }
}
