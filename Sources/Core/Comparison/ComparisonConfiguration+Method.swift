/// The sections that all runs of a comparison share.
struct BaseSections {
    typealias TopKey = RunConfiguration.TopKey
    typealias TrainingKey = RunConfiguration.TrainingKey

    /// All but `training`.
    let entries: [ConfigurationNode.Entry]
    let training: [ConfigurationNode.Entry]
    let origin: ConfigurationOrigin

    init(
        _ outer: SectionReader<ComparisonConfiguration.TopKey>, budget: ComparisonConfiguration.Budget
    ) throws(ConfigurationError) {
        let node = try outer.required(
            outer.node(.base), .base, expected: "the sections that all runs share: model, data, training, ...")
        origin = node.origin
        let reader = try SectionReader<TopKey>(node, path: "base", origin: node.origin)
        for (key, advice) in [
            (TopKey.adapter, "put it into each entry of methods"), (.chain, "put it into the entry of its method"),
            (.output, "give output beside base; each run gets a folder in it"),
        ] where reader.has(key) {
            throw .contradiction(
                origin: reader.place(key), problem: "base has the section \(key.rawValue), which runs do not share",
                advice: advice)
        }
        let training = try SectionReader<TrainingKey>(
            reader.node(.training), path: "base.training", origin: node.origin)
        if training.has(.seed) {
            throw .contradiction(
                origin: training.place(.seed), problem: "base.training.seed is one seed, and a comparison has several",
                advice: "give seeds: [0, 1] beside base")
        }
        for key in [TrainingKey.steps, .epochs] where budget.steps != nil && training.has(key) {
            throw .contradiction(
                origin: training.place(key),
                problem: "base.training.\(key.rawValue) and budget.steps both say how long each run is",
                advice: "keep one of them")
        }
        let checkpoint = try SectionReader<RunConfiguration.CheckpointKey>(
            reader.node(.checkpoint), path: "base.checkpoint", origin: node.origin)
        if checkpoint.node(.every)?.text == "none" {
            throw .contradiction(
                origin: checkpoint.place(.every),
                problem: "base.checkpoint.every is none, but runs are continued and tested from their checkpoints",
                advice: "give a number of steps")
        }
        entries = node.entries.filter { $0.key != TopKey.training.rawValue }
        self.training = reader.node(.training)?.entries ?? []
    }
}

extension ComparisonConfiguration.Method {
    enum Key: String, ConfigurationKey {
        case name, adapter, chain, training, learningRate = "learning-rate", learningRates = "learning-rates"
    }

    /// What must not differ between methods, and where it belongs.
    private static let shared: [(key: RunConfiguration.TrainingKey, advice: String)] = [
        (.steps, "give budget.steps"), (.epochs, "give base.training.epochs"), (.seed, "give seeds beside base"),
        (.learningRate, "give learning-rate or learning-rates beside adapter"),
        (.globalBatch, "give it in base.training"), (.batchPerRank, "give it in base.training"),
        (.learningRateScaling, "give it in base.training"), (.referenceBatch, "give it in base.training"),
        (.validationEvery, "give it in base.training"),
    ]

    init(
        _ node: ConfigurationNode, path: String, base: BaseSections, budget: ComparisonConfiguration.Budget, seed: Int,
        output: String
    ) throws(ConfigurationError) {
        let reader = try SectionReader<Key>(node, path: path, origin: node.origin)
        let training = try SectionReader<RunConfiguration.TrainingKey>(
            reader.node(.training), path: path + ".training", origin: node.origin)
        for (key, advice) in Self.shared where training.has(key) {
            throw .contradiction(
                origin: training.place(key),
                problem: "\(path).training.\(key.rawValue) would make the comparison unfair",
                advice: advice)
        }
        let rates = try Self.learningRates(reader)
        let run = try RunConfiguration(
            Self.root(reader, base: base, budget: budget, rate: rates?.first, seed: seed, output: output),
            methods: AdapterMethod.all)
        let method = run.adapter.flatMap { section in AdapterMethod.all.first { $0.name == section.method } }
        let sizesRank = budget.parameters != nil && method?.takes(.rank) == true
        try Self.requireFreeRank(reader, sizesRank: sizesRank)
        self.init(
            name: try Self.name(reader) ?? (run.chain == nil ? method?.name ?? "all" : (method?.name ?? "") + "-chain"),
            learningRates: rates ?? [run.training.learningRate], run: run, sizesRank: sizesRank,
            sizesAlpha: !(reader.node(.adapter)?.entries.contains { $0.key == "alpha" } ?? false))
    }

    /// The configuration of a run, from the base and this entry.
    private static func root(
        _ reader: SectionReader<Key>, base: BaseSections, budget: ComparisonConfiguration.Budget,
        rate: Double?, seed: Int, output: String
    ) -> ConfigurationNode {
        func scalar(_ key: String, _ text: String) -> ConfigurationNode.Entry {
            .init(
                key: key, keyOrigin: reader.origin,
                node: .init(origin: reader.origin, content: .scalar(text, .argument)))
        }
        func section(_ key: String, _ node: ConfigurationNode?) -> [ConfigurationNode.Entry] {
            node.map { [.init(key: key, keyOrigin: $0.origin, node: $0)] } ?? []
        }
        var training = base.training
        var own = reader.node(.training)?.entries ?? []
        own.append(scalar("seed", String(seed)))
        if let steps = budget.steps { own.append(scalar("steps", String(steps))) }
        if let rate { own.append(scalar("learning-rate", "\(rate)")) }
        for entry in own {
            training.removeAll { $0.key == entry.key }
            training.append(entry)
        }
        let trainingNode = ConfigurationNode(origin: reader.origin, content: .section(training))
        return ConfigurationNode(
            origin: reader.origin,
            content: .section(
                base.entries + section("adapter", reader.node(.adapter)) + section("chain", reader.node(.chain))
                    + section("training", trainingNode) + [scalar("output", output)]))
    }

    private static func learningRates(_ reader: SectionReader<Key>) throws(ConfigurationError) -> [Double]? {
        let one = try reader.number(.learningRate, .positive)
        guard let node = reader.node(.learningRates) else { return one.map { [$0] } }
        if one != nil {
            throw .contradiction(
                origin: reader.place(.learningRates),
                problem: "\(reader.path) has learning-rate and learning-rates", advice: "keep one of them")
        }
        let expected = "a list of different numbers above 0, such as [1.0e-4, 4.0e-4]"
        guard case .list(let elements) = node.content, !elements.isEmpty else {
            throw reader.invalid(.learningRates, node, expected: expected)
        }
        var rates: [Double] = []
        for element in elements {
            guard let rate = element.number, rate > 0, !rates.contains(rate) else {
                throw reader.invalid(.learningRates, element, expected: expected)
            }
            rates.append(rate)
        }
        return rates
    }

    /// A name that can be a part of a folder's name.
    private static func name(_ reader: SectionReader<Key>) throws(ConfigurationError) -> String? {
        guard let name = try reader.text(.name) else { return nil }
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._+-]{0,63}/) != nil else {
            throw reader.invalid(
                .name, reader.node(.name) ?? ConfigurationNode(origin: reader.origin, content: .section([])),
                expected: "letters, digits and . _ + -, at most 64, as in a folder's name")
        }
        return name
    }

    private static func requireFreeRank(
        _ reader: SectionReader<Key>, sizesRank: Bool
    ) throws(ConfigurationError) {
        guard sizesRank else { return }
        if let entry = reader.node(.adapter)?.entries.first(where: { $0.key == "rank" }) {
            throw .contradiction(
                origin: entry.keyOrigin,
                problem: "\(reader.path).adapter.rank is given, but budget.parameters chooses it",
                advice: "remove the rank, or give budget.steps alone")
        }
        if let entry = reader.node(.chain)?.entries.first(where: { $0.key == "rank-schedule" }) {
            throw .contradiction(
                origin: entry.keyOrigin,
                problem: "\(reader.path).chain.rank-schedule is given, but budget.parameters chooses the rank",
                advice: "remove it, or give budget.steps alone")
        }
    }
}

extension ConfigurationNode {
    /// The keys of a section; none of anything else.
    var entries: [Entry] {
        if case .section(let entries) = content { entries } else { [] }
    }
}
