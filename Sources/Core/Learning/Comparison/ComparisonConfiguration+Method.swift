import CatenaAdapters
import CatenaSchema

/// The sections that all runs of a comparison share.
struct BaseSections {
    /// All but `training`.
    let entries: [ConfigurationNode.Entry]
    let training: [ConfigurationNode.Entry]
    let origin: ConfigurationOrigin

    init(
        _ outer: SectionReader, budget: ComparisonConfiguration.Budget
    ) throws(ConfigurationError) {
        let node = try outer.required(
            outer.node("base"), "base", expected: "the sections that all runs share: model, data, training, ...")
        origin = node.origin
        let reader = try SectionReader(node, of: RunConfiguration.self, path: "base", origin: node.origin)
        for (key, advice) in [
            ("adapter", "put it into each entry of methods"), ("chain", "put it into the entry of its method"),
            ("output", "give output beside base; each run gets a folder in it"),
        ] where reader.has(key) {
            throw reader.contradiction(key, "base has the section \(key), which runs do not share", advice: advice)
        }
        let training = try SectionReader(
            reader.node("training"), of: RunConfiguration.TrainingSection.self, path: "base.training",
            origin: node.origin)
        if training.has("seed") {
            throw training.contradiction(
                "seed", "base.training.seed is one seed, and a comparison has several",
                advice: "give seeds: [0, 1] beside base")
        }
        for key in ["steps", "epochs"] where budget.steps != nil && training.has(key) {
            throw training.contradiction(
                key, "base.training.\(key) and budget.steps both say how long each run is", advice: "keep one of them")
        }
        if reader.node("checkpoint.every")?.text == "none" {
            throw reader.contradiction(
                "checkpoint.every",
                "base.checkpoint.every is none, but runs are continued and tested from their checkpoints",
                advice: "give a number of steps")
        }
        entries = node.entries.filter { $0.key != "training" }
        self.training = reader.node("training")?.entries ?? []
    }
}

extension ComparisonConfiguration.Method {
    private static let keys = ["name", "adapter", "chain", "training", "learning-rate", "learning-rates"]

    /// What must not differ between methods, and where it belongs.
    private static let shared = [
        ("steps", "give budget.steps"), ("epochs", "give base.training.epochs"), ("seed", "give seeds beside base"),
        ("learning-rate", "give learning-rate or learning-rates beside adapter"),
        ("global-batch", "give it in base.training"), ("batch-per-rank", "give it in base.training"),
        ("learning-rate-scaling", "give it in base.training"), ("reference-batch", "give it in base.training"),
        ("validation-every", "give it in base.training"),
    ]

    init(
        _ node: ConfigurationNode, path: String, base: BaseSections, budget: ComparisonConfiguration.Budget, seed: Int,
        output: String
    ) throws(ConfigurationError) {
        let reader = try SectionReader(node, path: path, origin: node.origin, known: Self.keys)
        let training = try SectionReader(
            reader.node("training"), of: RunConfiguration.TrainingSection.self, path: path + ".training",
            origin: node.origin)
        for (key, advice) in Self.shared where training.has(key) {
            throw training.contradiction(
                key, "\(path).training.\(key) would make the comparison unfair", advice: advice)
        }
        let rates = try Self.learningRates(reader)
        let run = try RunConfiguration(
            Self.root(reader, base: base, budget: budget, rate: rates?.first, seed: seed, output: output),
            methods: AdapterMethod.all)
        let method = run.adapter.flatMap { section in AdapterMethod.all.first { $0.name == section.method } }
        let sizesRank = budget.parameters != nil && method?.commonKeys.contains(.rank) == true
        try Self.requireFreeRank(reader, sizesRank: sizesRank)
        self.init(
            name: try Self.name(reader) ?? (run.chain == nil ? method?.name ?? "all" : (method?.name ?? "") + "-chain"),
            learningRates: rates ?? [run.training.learningRate], run: run, sizesRank: sizesRank,
            sizesAlpha: !reader.has("adapter.alpha"))
    }

    /// The configuration of a run, from the base and this entry.
    private static func root(
        _ reader: SectionReader, base: BaseSections, budget: ComparisonConfiguration.Budget,
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
        var own = reader.node("training")?.entries ?? []
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
                base.entries + section("adapter", reader.node("adapter")) + section("chain", reader.node("chain"))
                    + section("training", trainingNode) + [scalar("output", output)]))
    }

    private static func learningRates(_ reader: SectionReader) throws(ConfigurationError) -> [Double]? {
        let one = try reader.value("learning-rate", .number(.positive))
        let several = try reader.value(
            "learning-rates",
            .list(of: .number(.positive), "a list of different numbers above 0, such as [1.0e-4, 4.0e-4]") {
                Set($0).count == $0.count
            })
        if one != nil, several != nil {
            throw reader.contradiction(
                "learning-rates", "\(reader.path) has learning-rate and learning-rates", advice: "keep one of them")
        }
        return several ?? one.map { [$0] }
    }

    /// A name that can be a part of a folder's name.
    private static func name(_ reader: SectionReader) throws(ConfigurationError) -> String? {
        guard let name = try reader.value("name", .text()), let node = reader.node("name") else { return nil }
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._+-]{0,63}/) != nil else {
            throw .invalid(
                node, reader.keyPath("name"), expected: "letters, digits and . _ + -, at most 64, as in a folder's name"
            )
        }
        return name
    }

    private static func requireFreeRank(
        _ reader: SectionReader, sizesRank: Bool
    ) throws(ConfigurationError) {
        guard sizesRank else { return }
        if reader.has("adapter.rank") {
            throw reader.contradiction(
                "adapter.rank", "\(reader.path).adapter.rank is given, but budget.parameters chooses it",
                advice: "remove the rank, or give budget.steps alone")
        }
        if reader.has("chain.rank-schedule") {
            throw reader.contradiction(
                "chain.rank-schedule",
                "\(reader.path).chain.rank-schedule is given, but budget.parameters chooses the rank",
                advice: "remove it, or give budget.steps alone")
        }
    }
}
