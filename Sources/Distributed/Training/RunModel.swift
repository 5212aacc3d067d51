import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText

/// The base of a run: a model whose frozen weights are placed, what it is for, its tokenizer, and what tells it from other models.
final class RunModel {
    let task: RunTask
    let placed: PlacedModel
    /// The model's tokenizer, or why it cannot be used: data of token ids need none.
    let tokenizer: Result<Tokenizer, any Error>
    /// Names the files' content.
    let fingerprint: String

    var model: LanguageModel { placed.model }
    var engine: Engine { placed.model.engine }

    /// Collective: opens the files and loads the model; a failure on one process is thrown on all.
    ///
    /// - Throws: what the files, the tokenizer's check and the placement throw.
    init(_ configuration: RunConfiguration, communicator: any Communicator) throws {
        let section = configuration.distributed
        guard configuration.adapter != nil || section.placement != .sharded else {
            throw TrainingError.unsupported(
                key: "distributed.placement", value: "sharded",
                supported: "auto, replicated or node, because training.trainable: all has no frozen weights")
        }
        task = try RunTask(configuration, communicator: communicator)
        let engine = Engine(threads: try section.threads ?? HostFacts.suggestedThreads(communicator))
        let purpose = configuration.purpose(classes: task.labels)
        let files = try communicator.agree("open the model") {
            try ModelFiles(modelAt: configuration.model, for: purpose)
        }
        tokenizer = Result { try Tokenizer.load(model: configuration.model, files: files.files) }
        fingerprint = BaseFingerprint.of(files.files)
        try communicator.requireEqual("base model", fingerprint)
        try communicator.requireEqual("tokenizer", (try? tokenizer.get().fingerprint) ?? "none that can be used")
        placed = try PlacedModel(
            files, choice: try PlacementChoice.choose(configuration, files: files, communicator: communicator),
            format: configuration.baseFormat, prefetches: section.prefetch, engine: engine, communicator: communicator)
    }
}
