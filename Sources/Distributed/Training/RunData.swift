import CatenaLearning
import CatenaFiles
import CatenaModels
import Glibc

/// What a run learns from: prepared examples, and which of them each step takes.
final class RunData {
    let training: PreparedDataset
    let validation: PreparedDataset?
    let plan: BatchPlan
    /// Steps of the whole run.
    let totalSteps: Int

    /// Names the training data, the tokenizer and the template together.
    var key: String { training.key }

    /// The files that are read while the run goes on.
    var mappedFiles: [MappedFile] { ([training] + (validation.map { [$0] } ?? [])).map(\.mappedFile) }

    /// Collective: finds the data, and prepares what no earlier run has prepared.
    ///
    /// - Throws: ``DataError`` and what reading the data throws, on all processes.
    init(_ configuration: RunConfiguration, base: RunModel, communicator: any Communicator) throws {
        let section = configuration.data
        try communicator.agree("check the micro-batch") {
            try configuration.requireWholeGroups(of: base.model, communicator.size)
        }
        let cache = try communicator.agree("find the data") {
            for path in [section.train] + (section.validation.map { [$0] } ?? [])
            where unsafe access(path, R_OK) != 0 {
                throw unsafe DataError.unreadable(file: path, reason: String(cString: strerror(errno)))
            }
            return try section.cache ?? PreparedDataset.defaultCacheFolder(besideOutput: configuration.output)
        }
        let encoder = try communicator.agree("choose the template") {
            try DataEncoders(
                tokenizer: base.tokenizer, template: section.template, date: section.date,
                maximumLength: section.maxLength, lengthName: "data.max-length", task: configuration.task,
                labels: base.task.labels, model: base.model.configuration
            ).encoder()
        }
        func open(_ path: String) throws -> PreparedDataset {
            try DataPreparation.open(
                path: path, columns: section.columns, encoder: encoder, cacheFolder: cache, communicator: communicator)
        }
        training = try open(section.train)
        validation = try section.validation.map(open)
        try communicator.agree("compare the teacher with the data") { [training] in
            try (base.task.objective as? Distillation)?.requireSamples(training.count)
        }
        plan = try BatchPlan(training, settings: BatchPlan.Settings(configuration, communicator.size))
        totalSteps = plan.stepCount(configuration.training.length)
    }
}

extension BatchPlan {
    /// Steps of a run of this length.
    func stepCount(_ length: RunConfiguration.TrainingSection.Length) -> Int {
        switch length {
        case .steps(let count): count
        case .epochs(let count): stepCount(epochs: count)
        }
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

extension RunConfiguration {
    /// Checks that micro-batches hold whole groups of the images of which batch normalisation takes its statistics, so that these do not
    /// depend on the micro-batch.
    fileprivate func requireWholeGroups(of model: LanguageModel, _ worldSize: Int) throws(TrainingError) {
        guard let images = model.configuration.images, !model.statistics.isEmpty else { return }
        let (microBatch, globalBatch) = (training.microBatch, training.globalBatch(worldSize: worldSize))
        guard microBatch % images.normImages == 0 || microBatch == globalBatch else {
            throw .unsupported(
                key: "training.micro-batch", value: "\(microBatch)",
                supported:
                    "a multiple of the \(images.normImages) images of which batch normalisation takes its statistics "
                    + "(norm_images in the model's config.json), or the global batch of \(globalBatch)")
        }
    }
}
