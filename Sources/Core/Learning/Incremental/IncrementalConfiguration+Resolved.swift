package import CatenaSchema

extension IncrementalConfiguration {
    /// The complete configuration, defaults included: the content of `incremental.yaml` in the output folder.
    package var resolved: ConfigurationValue {
        var entries: [ConfigurationValue.Entry] = [
            .init("test", .text(test)), .init("tasks", ValueKind.written(tasks)),
            .init("memory", .section(memory.entries)), .init("method", .section(method.entries)),
        ]
        if case .section(let run) = run.resolved { entries += run.filter { $0.key != "output" } }
        return .section(entries)
    }

    /// The same configuration always gives the same text.
    package var resolvedYAML: String { resolved.blockYAML() }

    /// The keys on which this configuration differs from the one that `yaml` holds, which ``resolvedYAML`` wrote; not those that a run
    /// may change when it goes on.
    ///
    /// - Throws: ``ConfigurationError`` if it cannot be read.
    package func differences(
        fromResolved yaml: String, path: String
    ) throws(ConfigurationError) -> [ConfigurationDifference] {
        func leaves(_ yaml: String) throws(ConfigurationError) -> [ConfigurationDifference.Leaf] {
            let root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
            return RunConfiguration.leaves(of: root.value, ignoring: RunConfiguration.mayDifferOnResume)
        }
        return ConfigurationDifference.between(try leaves(resolvedYAML), try leaves(yaml))
    }
}

extension IncrementalConfiguration.Memory {
    fileprivate var entries: [ConfigurationValue.Entry] {
        let size: ConfigurationValue.Entry =
            switch size {
            case .total(let count): .init("total", .integer(count))
            case .perClass(let count): .init("per-class", .integer(count))
            }
        return [size, .init("selection", .text(selection.rawValue))]
    }
}

extension IncrementalConfiguration.Method {
    fileprivate var entries: [ConfigurationValue.Entry] {
        [
            .init("distillation", .boolean(distillation)), .init("temperature", .number(temperature)),
            .init("aligning", .text(aligning.norm.rawValue)), .init("cap", .boolean(aligning.isCapped)),
            .init("non-negative", .boolean(isNonNegative)), .init("joint", .boolean(isJoint)),
        ]
    }
}
