import CatenaCore
import CatenaEngine
import CatenaFiles
import CatenaText
import Glibc

/// All that a run works with, built the same way on every process from the configuration.
final class TrainingSetup {
    let configuration: RunConfiguration
    let communicator: any Communicator
    let engine: Engine
    let placed: PlacedModel
    /// The model's tokenizer, or why it cannot be used: data of token ids need none.
    let tokenizer: Result<Tokenizer, any Error>
    /// What is trained now; another one after each knot of a chain.
    var trainable: TrainableState
    let schedule: LearningRateSchedule
    /// nil when one adapter is trained for the whole run.
    let chain: Chain?
    let training: PreparedDataset
    let validation: PreparedDataset?
    let plan: BatchPlan
    let totalSteps: Int
    let baseFingerprint: String
    /// What is read while the run goes on.
    private let filesInUse: [MappedFile]
    var parameters: ParameterSet { trainable.parameters }
    var optimizer: any Optimizer { trainable.optimizer }

    var model: LanguageModel { placed.model }

    /// What is learned.
    let objective: any Objective
    /// The classes that are told apart; nil where the task has none.
    let labels: ClassLabels?

    /// Names the training data, the tokenizer and the template together.
    var dataKey: String { training.key }

    /// Collective: every process builds its own; a failure on one is thrown on all.
    ///
    /// - Parameter isResuming: whether a checkpoint will overwrite the adapter's first values.
    init(_ configuration: RunConfiguration, communicator: any Communicator, isResuming: Bool) throws {
        let section = configuration.distributed
        guard configuration.adapter != nil || section.placement != .sharded else {
            throw TrainingError.unsupported(
                key: "distributed.placement", value: "sharded",
                supported: "auto, replicated or node, because training.trainable: all has no frozen weights")
        }
        guard let objective = configuration.objective else {
            throw TrainingError.unsupported(
                key: "task", value: configuration.task.rawValue, supported: "another task for now")
        }
        let threads = try section.threads ?? HostFacts.suggestedThreads(communicator)
        let engine = Engine(threads: threads)
        let labels = try communicator.agree("read the classes") { try configuration.classLabels() }
        try communicator.requireEqual("classes", labels?.names.joined(separator: "\n") ?? "none")
        let files = try communicator.agree("open the model") { try ModelFiles(modelAt: configuration.model) }
        let tokenizer = Result { try Tokenizer.load(model: configuration.model, files: files.files) }
        let fingerprint = BaseFingerprint.of(files.files)
        try communicator.requireEqual("base model", fingerprint)
        try communicator.requireEqual("tokenizer", (try? tokenizer.get().fingerprint) ?? "none that can be used")
        let placed = try PlacedModel(
            files,
            choice: try PlacementChoice.choose(configuration, files: files, communicator: communicator),
            format: configuration.baseFormat, prefetches: section.prefetch, engine: engine, communicator: communicator)
        let model = placed.model
        let parameters = try communicator.agree("build the adapter") {
            ParameterSet(try Self.trainable(configuration, model: model), memory: engine.memory)
        }
        if configuration.chain != nil {
            try communicator.agree("check that the adapter can be a link") {
                try Self.requireFoldable(model, method: configuration.adapter?.method ?? "")
            }
        }
        if !isResuming { try model.initialiseAdapters(communicator) }
        try communicator.agree("read the initial adapter") {
            if let section = configuration.adapter, let folder = section.initialAdapter {
                try model.readInitialAdapter(
                    folder, section: section.withPatternsOfInitialAdapter(acceptsTransposed: model.storesTransposed))
            }
        }
        func course(totalSteps: Int) throws -> (schedule: LearningRateSchedule, chain: Chain?) {
            try Self.course(configuration, totalSteps: totalSteps, model: model, communicator: communicator)
        }
        // A length in epochs is not known before the data.
        var early: (schedule: LearningRateSchedule, chain: Chain?)?
        if case .steps(let count) = configuration.training.length { early = try course(totalSteps: count) }
        // Last, because it is the first thing that writes: a run that cannot start leaves nothing behind.
        let data = try Self.openData(
            configuration, tokenizer: tokenizer, labels: labels, model: model, communicator: communicator)
        let plan = try BatchPlan(data.training, settings: BatchPlan.Settings(configuration, communicator.size))
        let totalSteps =
            switch configuration.training.length {
            case .steps(let count): count
            case .epochs(let count): plan.stepCount(epochs: count)
            }
        (schedule, chain) = try early ?? course(totalSteps: totalSteps)
        self.configuration = configuration
        self.communicator = communicator
        self.engine = engine
        (self.objective, self.labels) = (objective, labels)
        self.placed = placed
        self.tokenizer = tokenizer
        trainable = TrainableState(parameters, configuration.training, engine: engine)
        self.plan = plan
        self.totalSteps = totalSteps
        (training, validation, baseFingerprint) = (data.training, data.validation, fingerprint)
        filesInUse = placed.mappedFiles + ([data.training] + (data.validation.map { [$0] } ?? [])).map(\.mappedFile)
        if !isResuming { try initialiseFromGradients(step: 0) }
    }

    /// Checks that the files of the base and of the data are what they were when the run opened them.
    ///
    /// - Throws: ``FileError/changed(path:how:)`` for the first that is not.
    func requireUnchangedFiles() throws(FileError) {
        for file in filesInUse { try file.requireUnchanged() }
    }

    /// Rate of step `step`, counted from 0.
    func learningRate(step: Int) -> Double {
        chain?.learningRate(step: step) ?? schedule.learningRate(step: step)
    }

    /// The same if the run had another length.
    func learningRate(step: Int, totalSteps: Int) -> Double {
        var other = schedule
        other.totalSteps = totalSteps
        return chain?.learningRate(step: step, schedule: other) ?? other.learningRate(step: step)
    }

    /// How the learning rate and the links go over the run's steps; the adapter's rule hears of it.
    private static func course(
        _ configuration: RunConfiguration, totalSteps: Int, model: LanguageModel, communicator: any Communicator
    ) throws -> (schedule: LearningRateSchedule, chain: Chain?) {
        let warmupSteps = configuration.training.schedule.warmupSteps
        guard warmupSteps <= totalSteps else {
            throw TrainingError.unsupported(
                key: "training.schedule.warmup-steps", value: "\(warmupSteps)",
                supported: "at most \(totalSteps), the steps of the whole run")
        }
        let schedule = LearningRateSchedule(
            configuration.training, totalSteps: totalSteps, worldSize: communicator.size)
        let chain = try configuration.chain.map { try Chain($0, model: model, schedule: schedule) }
        try communicator.agree("prepare the adapter's rule") {
            try prepareRule(of: model, schedule: schedule, chain: chain)
        }
        return (schedule, chain)
    }

    /// A link is frozen as the exact plain LoRA of its adapter.
    private static func requireFoldable(_ model: LanguageModel, method: String) throws(TrainingError) {
        do {
            _ = try ChainLink(folding: model)
        } catch {
            throw .unsupported(
                key: "chain", value: "set with adapter.method: \(method)",
                supported: "a method with an exact form as LoRA; \(error)")
        }
    }

    /// Collective: finds the data, and prepares what no earlier run has prepared.
    private static func openData(
        _ configuration: RunConfiguration, tokenizer: Result<Tokenizer, any Error>, labels: ClassLabels?,
        model: LanguageModel, communicator: any Communicator
    ) throws -> (training: PreparedDataset, validation: PreparedDataset?) {
        let section = configuration.data
        let cache = try communicator.agree("find the data") {
            for path in [section.train] + (section.validation.map { [$0] } ?? [])
            where access(path, R_OK) != 0 {
                throw DataError.unreadable(file: path, reason: String(cString: strerror(errno)))
            }
            return try section.cache ?? PreparedDataset.defaultCacheFolder(besideOutput: configuration.output)
        }
        let encoder = try communicator.agree("choose the template") {
            try DataEncoders(
                tokenizer: tokenizer, template: section.template, date: section.date,
                maximumLength: section.maxLength, lengthName: "data.max-length", task: configuration.task,
                labels: labels, model: model.configuration
            ).encoder()
        }
        func open(_ path: String) throws -> PreparedDataset {
            try DataPreparation.open(
                path: path, columns: section.columns, encoder: encoder, cacheFolder: cache, communicator: communicator)
        }
        return (try open(section.train), try section.validation.map(open))
    }

    private static func trainable(_ configuration: RunConfiguration, model: LanguageModel) throws -> [Parameter] {
        guard let section = configuration.adapter else { return model.makeAllTrainable() }
        let seed = UInt64(configuration.training.seed)
        // Ranks of later links that do not fit are refused now and not in the middle of the run.
        for rank in configuration.chain?.rankSchedule.dropFirst() ?? [] {
            var later = section
            later.rank = rank
            _ = try model.attachAdapters(later, seed: seed)
        }
        let whole = try section.withPatternsOfInitialAdapter(acceptsTransposed: model.storesTransposed)
        return try model.attachAdapters(whole, seed: seed).parameters
    }
}

extension TrainingSetup {
    /// The optimizer's state for `parameters`, new.
    func trainableState(_ parameters: ParameterSet) -> TrainableState {
        TrainableState(parameters, configuration.training, engine: engine)
    }

    /// Gives the model the fresh adapters of link `index`, counted from 0.
    func attachAdapters(link index: Int) throws -> ParameterSet {
        guard var section = configuration.adapter, let chain else { return parameters }
        section.rank = chain.section.rank(ofLink: index, adapterRank: section.rank)
        let seed = Chain.seed(UInt64(configuration.training.seed), link: index)
        return ParameterSet(try model.attachAdapters(section, seed: seed).parameters, memory: engine.memory)
    }

    /// Collective: sets the first values of adapters that are attached after `step` steps.
    func initialiseAdapters(step: Int) throws {
        try model.initialiseAdapters(communicator)
        try initialiseFromGradients(step: step)
    }

    /// Collective: the part that needs data, which are those of the coming steps.
    private func initialiseFromGradients(step: Int) throws {
        let steps = model.gradientInitialisedLinears.compactMap { $0.adapter as? any GradientInitialised }
            .map(\.gradientSteps).max()
        guard let steps else { return }
        let microBatches = (step..<step + steps).flatMap { plan.microBatches(step: $0).microBatches }
        try model.initialiseFromGradients(
            communicator, objective: objective, step: step, microBatchCount: microBatches.count
        ) { index in
            var microBatch = Batch()
            microBatch.fill(microBatches[index], from: training)
            return microBatch
        }
    }

    /// Tells the present adapter's rule about the run.
    func prepareRule() throws {
        try Self.prepareRule(of: model, schedule: schedule, chain: chain)
    }

    private static func prepareRule(of model: LanguageModel, schedule: LearningRateSchedule, chain: Chain?) throws {
        try model.attached?.rule?.prepare(
            AdapterRun(totalSteps: schedule.totalSteps, peakLearningRate: schedule.peak, steps: chain?.linkSteps))
    }

    /// The adapter as other programs read it, a chain as one plain LoRA; nil when all parameters are trained.
    func adapterFiles() throws -> AdapterFiles.Content? {
        guard configuration.adapter != nil else { return nil }
        let base = BasePath.absolute(configuration.model)
        guard let chain else { return try AdapterFiles.content(of: model, baseModel: base) }
        return try AdapterFiles.loraContent(of: model, chain: try chain.ledger.concatenated(), baseModel: base)
    }
}

extension BatchPlan.Settings {
    fileprivate init(_ configuration: RunConfiguration, _ worldSize: Int) {
        self.init(
            globalBatch: configuration.training.globalBatch(worldSize: worldSize),
            microBatch: configuration.training.microBatch, maximumLength: configuration.data.maxLength,
            packing: configuration.data.packing, shuffle: configuration.data.shuffle,
            seed: UInt64(configuration.training.seed))
    }
}

extension LearningRateSchedule {
    fileprivate init(_ section: RunConfiguration.TrainingSection, totalSteps: Int, worldSize: Int) {
        self.init(
            shape: section.schedule.name, peak: section.peakLearningRate(worldSize: worldSize),
            warmupSteps: section.schedule.warmupSteps, totalSteps: totalSteps,
            minimumRatio: section.schedule.minimumRatio)
    }
}
