import CatenaEngine
public import CatenaFiles
import Crypto

extension RunConfiguration {
    /// The complete configuration, defaults included, as a tree in the order of the documentation.
    public var resolved: ConfigurationValue {
        var entries: [ConfigurationValue.Entry] = [.init("model", .text(model))]
        // Only where they are set: the fingerprint of a float32 run does not name them.
        if baseStorage != .auto { entries.append(.init("base-storage", .text(baseStorage.rawValue))) }
        if baseCompute != .float32 { entries.append(.init("base-compute", .text(baseCompute.rawValue))) }
        if let adapter { entries.append(.init("adapter", .section(adapter.entries))) }
        if let chain { entries.append(.init("chain", .section(chain.entries))) }
        entries += [
            .init("data", .section(data.entries)), .init("training", .section(training.entries)),
            .init(
                "distributed",
                .section([
                    .init("placement", .text(distributed.placement.rawValue)),
                    .init("accumulation", .text(distributed.accumulation.rawValue)),
                    .init("prefetch", .boolean(distributed.prefetch)),
                    .init("reduction", .text(distributed.reduction.rawValue)),
                    .init("threads", distributed.threads.map { .integer($0) } ?? .text("auto")),
                    .init("stall-timeout", distributed.stallTimeoutSeconds.map { .number($0) } ?? .text("none")),
                    .init("check-every", distributed.checkEvery.map { .integer($0) } ?? .text("none")),
                ])),
            .init(
                "checkpoint",
                .section([
                    .init("every", checkpoint.every.map { .integer($0) } ?? .text("none")),
                    .init("keep", .integer(checkpoint.keep)),
                ])),
            .init(
                "log",
                .section([
                    .init("every-seconds", .number(log.everySeconds)),
                    .init("tensorboard", .boolean(log.tensorboard)),
                    .init("report", .boolean(log.report)),
                ])),
            .init("output", .text(output)),
        ]
        return .section(entries)
    }

    /// YAML that parses back to an equal configuration; the same configuration always gives the same bytes.
    public var resolvedYAML: String { resolved.blockYAML() }

    /// SHA-256 in hexadecimal of the resolved configuration without the key paths of `ignoring` (whole sections included).
    ///
    /// Ranks compare `fingerprint(ignoring: [])`; a checkpoint keeps `fingerprint()`.
    public func fingerprint(ignoring: [String] = mayDifferOnResume) -> String {
        let text = Self.leaves(of: resolved, ignoring: ignoring).map { "\($0.keyPath): \($0.text)\n" }
            .joined()
        return SHA256.hexadecimal(of: Array(text.utf8))
    }
}

extension RunConfiguration.AdapterSection {
    /// All keys that the method takes, in the order of the documentation.
    public var entries: [ConfigurationValue.Entry] {
        let targetsValue: ConfigurationValue =
            switch targets {
            case .allLinear: .text("all-linear")
            case .names(let names): .list(names.map { .text($0) })
            case .pattern(let pattern): .text(pattern)
            }
        let common: [(RunConfiguration.AdapterKey, ConfigurationValue?)] = [
            (.method, .text(method)), (.rank, .integer(rank)), (.alpha, .number(alpha)),
            (.dropout, .number(dropout)), (.targets, targetsValue),
            (.initialAdapter, initialAdapter.map { .text($0) }),
        ]
        let known = AdapterMethod.all.first { $0.name == method }
        return common.compactMap { key, value in
            guard let value, known?.takes(key) ?? true else { return nil }
            return .init(key.rawValue, value)
        } + options
    }

    /// The section as the value of a JSON member.
    public var json: JSONValue {
        .object(JSONObject(entries.map { ($0.key, $0.value.jsonValue) }))
    }

    /// Reads what ``json`` wrote, as strictly as a run's configuration.
    init(json: JSONDocument) throws {
        let node = try ConfigurationNode.parse(yaml: json.value.compactText()) { _, _ in
            .file(path: json.path, line: 1, column: 1)
        }
        try self.init(node, origin: node.origin, methods: AdapterMethod.all)
    }
}

extension ConfigurationValue {
    /// The same as JSON.
    fileprivate var jsonValue: JSONValue {
        switch self {
        case .boolean(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .shortest(value)
        case .text(let value): .string(value)
        case .list(let values): .array(values.map(\.jsonValue))
        case .section(let entries):
            .object(JSONObject(entries.map { ($0.key, $0.value.jsonValue) }))
        }
    }
}

extension RunConfiguration.DataSection {
    fileprivate var entries: [ConfigurationValue.Entry] {
        var entries: [ConfigurationValue.Entry] = [.init("train", .text(train))]
        if let validation { entries.append(.init("validation", .text(validation))) }
        if !columns.isEmpty {
            entries.append(.init("columns", .section(columns.map { .init($0.key, .text($0.name)) })))
        }
        entries += [
            .init("template", .text(template)), .init("date", .text("\(date)")),
            .init("max-length", .integer(maxLength)),
            .init("packing", .boolean(packing)), .init("shuffle", .boolean(shuffle)),
        ]
        if let cache { entries.append(.init("cache", .text(cache))) }
        return entries
    }
}

extension RunConfiguration.TrainingSection {
    fileprivate var entries: [ConfigurationValue.Entry] {
        var entries: [ConfigurationValue.Entry] = []
        switch length {
        case .steps(let count): entries.append(.init("steps", .integer(count)))
        case .epochs(let count): entries.append(.init("epochs", .integer(count)))
        }
        entries.append(.init("trainable", .text(trainable.rawValue)))
        switch batch {
        case .global(let count): entries.append(.init("global-batch", .integer(count)))
        case .perRank(let count, let scaling, let reference):
            entries += [
                .init("batch-per-rank", .integer(count)),
                .init("learning-rate-scaling", .text(scaling.rawValue)),
            ]
            if let reference { entries.append(.init("reference-batch", .integer(reference))) }
        }
        entries += [
            .init("micro-batch", .integer(microBatch)), .init("optimizer", .section(optimizer.entries)),
            .init("learning-rate", .number(learningRate)), .init("schedule", .section(schedule.entries)),
            .init("gradient-clip", gradientClip.map { .number($0) } ?? .text("none")),
            .init("seed", .integer(seed)),
        ]
        if let validationEvery { entries.append(.init("validation-every", .integer(validationEvery))) }
        return entries + [.init("recompute", .text(recompute.rawValue))]
    }
}

extension RunConfiguration.TrainingSection.Optimizer {
    fileprivate var entries: [ConfigurationValue.Entry] {
        switch self {
        case .adamW(let beta1, let beta2, let epsilon, let weightDecay):
            [
                .init("name", .text("adamw")), .init("beta1", .number(beta1)), .init("beta2", .number(beta2)),
                .init("epsilon", .number(epsilon)), .init("weight-decay", .number(weightDecay)),
            ]
        case .sgd(let momentum, let weightDecay):
            [
                .init("name", .text("sgd")), .init("momentum", .number(momentum)),
                .init("weight-decay", .number(weightDecay)),
            ]
        }
    }
}

extension RunConfiguration.TrainingSection.Schedule {
    fileprivate var entries: [ConfigurationValue.Entry] {
        [.init("name", .text(name.rawValue)), .init("warmup-steps", .integer(warmupSteps))]
            + (name == .constant ? [] : [.init("minimum-ratio", .number(minimumRatio))])
    }
}
