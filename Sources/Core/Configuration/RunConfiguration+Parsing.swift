import CatenaEngine

extension RunConfiguration {
    enum TopKey: String, ConfigurationKey {
        case model, baseStorage = "base-storage", baseCompute = "base-compute"
        case adapter, chain, data, training, distributed, checkpoint, log, output
    }

    enum DataKey: String, ConfigurationKey {
        case train, validation, columns, template, date, maxLength = "max-length", packing, shuffle, cache
    }

    enum DistributedKey: String, ConfigurationKey {
        case placement, accumulation, prefetch, reduction, threads
        case stallTimeout = "stall-timeout", checkEvery = "check-every"
    }
    enum CheckpointKey: String, ConfigurationKey { case every, keep }
    enum LogKey: String, ConfigurationKey { case everySeconds = "every-seconds", tensorboard, report }

    /// Every key path that a configuration may have, without the methods' own options.
    public static let keyPaths: [String] = {
        func paths<Key: ConfigurationKey>(_ section: String, _ keys: Key.Type) -> [String] {
            keys.allCases.map { "\(section).\($0.rawValue)" }
        }
        return TopKey.allCases.map(\.rawValue) + paths("adapter", AdapterKey.self)
            + paths("chain", ChainKey.self) + paths("chain.on-plateau", PlateauKey.self)
            + paths("chain.optimizer", PruningKey.self) + paths("data", DataKey.self)
            + paths("training", TrainingKey.self) + paths("training.optimizer", OptimizerKey.self)
            + paths("training.schedule", ScheduleKey.self) + paths("distributed", DistributedKey.self)
            + paths("checkpoint", CheckpointKey.self) + paths("log", LogKey.self)
    }()

    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - overrides: arguments of `--set`, `section.key=value`, applied in order before anything is checked.
    ///   - methods: the adapter methods that exist.
    public static func load(
        path: String, overrides: [String] = [],
        methods: [AdapterMethod] = AdapterMethod.all
    ) throws(ConfigurationError) -> RunConfiguration {
        return try parse(
            yaml: try ConfigurationNode.text(ofFile: path), path: path, overrides: overrides, methods: methods)
    }

    /// Checks the text of a configuration; `path` is only for messages.
    public static func parse(
        yaml: String, path: String, overrides: [String] = [],
        methods: [AdapterMethod] = AdapterMethod.all
    ) throws(ConfigurationError) -> RunConfiguration {
        var root = try ConfigurationNode.parse(yaml: yaml) { .file(path: path, line: $0, column: $1) }
        for argument in overrides { try root.apply(override: argument) }
        return try RunConfiguration(root, methods: methods)
    }

    init(_ root: ConfigurationNode, methods: [AdapterMethod]) throws(ConfigurationError) {
        let reader = try SectionReader<TopKey>(root, path: "", origin: root.origin)
        let origin = reader.origin
        model = try reader.required(
            try reader.path(.model, expected: "the path of a model"), .model,
            expected: "a Hugging Face model folder or a .gguf file")
        baseStorage = try reader.choice(.baseStorage) ?? baseStorage
        baseCompute = try reader.choice(.baseCompute) ?? baseCompute
        data = try DataSection(reader.node(.data), origin: origin)
        training = try TrainingSection(reader.node(.training), origin: origin)
        if try AdapterSection.trainsAll(
            reader.node(.adapter), training: reader.node(.training), origin: origin, methods: methods)
        {
            training.trainable = .all
        } else if training.trainable == .all, reader.has(.adapter) {
            throw .contradiction(
                origin: reader.place(.adapter),
                problem:
                    "there is an adapter section, but training.trainable is all, which trains the model itself",
                advice: "remove one of them")
        }
        let chainNode = reader.node(.chain).flatMap { $0.isNothing ? nil : $0 }
        chain = try chainNode.map { node throws(ConfigurationError) in try ChainSection(node, origin: origin) }
        if chain != nil, training.trainable == .all {
            throw .contradiction(
                origin: reader.place(.chain),
                problem: "there is a chain section, but training.trainable is all, and a chain is made of adapters",
                advice: "remove one of them")
        }
        adapter =
            training.trainable == .all
            ? nil
            : try AdapterSection(
                reader.node(.adapter), origin: origin, methods: methods, defaultRank: chain?.rankSchedule.first)
        if ChainSection.isRelora(chainNode), training.schedule.name != .constant,
            try !Self.givesMinimumRatio(reader.node(.training), origin: origin)
        {
            training.schedule.minimumRatio = ChainSection.reloraMinimumRatio
        }
        distributed = try DistributedSection(reader.node(.distributed), origin: origin)
        checkpoint = try CheckpointSection(reader.node(.checkpoint), origin: origin)
        log = try LogSection(reader.node(.log), origin: origin)
        output = try reader.required(
            try reader.path(.output, expected: "the path of a folder"), .output,
            expected: "the folder for the run's results")
        try requireBaseFormat(reader)
        if training.validationEvery != nil, data.validation == nil {
            let place = try SectionReader<TrainingKey>(
                reader.node(.training), path: "training", origin: origin
            )
            .place(.validationEvery)
            throw .contradiction(
                origin: place, problem: "training.validation-every is set, but there is no data.validation",
                advice: "give data.validation or remove training.validation-every")
        }
        if case .steps(let steps) = training.length, let misfit = chain?.misfit(totalSteps: steps) {
            throw .contradiction(
                origin: reader.place(.chain), problem: "\(misfit.key) is \(misfit.value) in a run of \(steps) steps",
                advice: "give \(misfit.supported)")
        }
        if case .onPlateau? = chain?.knots, training.validationEvery == nil {
            throw .contradiction(
                origin: reader.place(.chain),
                problem: "chain.on-plateau watches the validation loss, but training.validation-every is not set",
                advice: "give data.validation and training.validation-every")
        }
    }

    /// Frozen matrices in another form than float32 are whole on each rank, and there have to be some.
    private func requireBaseFormat(_ reader: SectionReader<TopKey>) throws(ConfigurationError) {
        let key = baseCompute == .int8 ? TopKey.baseCompute : .baseStorage
        func refuse(_ problem: String, _ advice: String) -> ConfigurationError {
            .contradiction(origin: reader.place(key), problem: problem, advice: advice)
        }
        guard let format = BaseFormat(storage: baseStorage, compute: baseCompute) else {
            throw refuse(
                "base-compute is int8, but base-storage is \(baseStorage.rawValue)", "set base-storage to int8 or auto")
        }
        guard format.storage != .float32 else { return }
        let value = "\(key.rawValue) is \(format.storage.rawValue)"
        if training.trainable == .all {
            throw refuse(
                "\(value), but training.trainable is all, which has no frozen matrices", "remove \(key.rawValue)")
        }
        if distributed.placement == .node || distributed.placement == .sharded {
            throw refuse(
                "\(value), but distributed.placement is \(distributed.placement.rawValue), which keeps float32",
                "set distributed.placement to auto or replicated")
        }
    }

    private static func givesMinimumRatio(
        _ training: ConfigurationNode?, origin: ConfigurationOrigin
    ) throws(ConfigurationError) -> Bool {
        let section = try SectionReader<TrainingKey>(training, path: "training", origin: origin)
        return try SectionReader<ScheduleKey>(
            section.node(.schedule), path: "training.schedule", origin: origin
        ).has(.minimumRatio)
    }
}

extension RunConfiguration.DataSection {
    init(_ node: ConfigurationNode?, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try SectionReader<RunConfiguration.DataKey>(node, path: "data", origin: origin)
        self.init(
            train: try reader.required(
                try reader.path(.train, expected: "the path of a file"), .train,
                expected: "a JSON Lines file of training examples"))
        validation = try reader.path(.validation, expected: "the path of a file")
        columns = try Self.columns(reader, .columns)
        if let node = reader.node(.template) {
            let known = ChatTemplate.knownNames
            guard let name = node.text, ChatTemplate.isTemplateName(name) else {
                throw reader.invalid(
                    .template, node, expected: reader.choices(known) + ", or the path of a .jinja file",
                    advice: reader.nearest(node, known))
            }
            template = name
        }
        if let node = reader.node(.date) {
            guard let day = node.text.flatMap({ TemplateDate($0) }) else {
                throw reader.invalid(.date, node, expected: "a day such as \(TemplateDate.standard)")
            }
            date = day
        }
        maxLength = try reader.integer(.maxLength, atLeast: 2, atMost: WholeNumberLimit.tokens) ?? maxLength
        packing = try reader.boolean(.packing) ?? packing
        shuffle = try reader.boolean(.shuffle) ?? shuffle
        cache = try reader.path(.cache, expected: "the path of a folder")
    }
}

extension RunConfiguration.DistributedSection {
    init(_ node: ConfigurationNode?, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try SectionReader<RunConfiguration.DistributedKey>(
            node, path: "distributed", origin: origin)
        placement = try reader.choice(.placement) ?? placement
        accumulation = try reader.choice(.accumulation) ?? accumulation
        prefetch = try reader.boolean(.prefetch) ?? prefetch
        reduction = try reader.choice(.reduction) ?? reduction
        threads =
            try reader.integer(.threads, unless: "auto", atMost: WholeNumberLimit.threads) ?? threads
        stallTimeoutSeconds =
            try reader.unless(.stallTimeout, is: "none", expected: "a number of seconds of at least 1") { node in
                node.number.flatMap { NumberBounds(lower: 1).contains($0) ? $0 : nil }
            } ?? stallTimeoutSeconds
        checkEvery =
            try reader.integer(.checkEvery, unless: "none") ?? checkEvery
    }
}

extension RunConfiguration.CheckpointSection {
    init(_ node: ConfigurationNode?, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try SectionReader<RunConfiguration.CheckpointKey>(
            node, path: "checkpoint", origin: origin)
        every =
            try reader.integer(.every, unless: "none") ?? every
        keep = try reader.integer(.keep) ?? keep
    }
}

extension RunConfiguration.LogSection {
    init(_ node: ConfigurationNode?, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try SectionReader<RunConfiguration.LogKey>(node, path: "log", origin: origin)
        everySeconds = try reader.number(.everySeconds, .positive) ?? everySeconds
        tensorboard = try reader.boolean(.tensorboard) ?? tensorboard
        report = try reader.boolean(.report) ?? report
    }
}
