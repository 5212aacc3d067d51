import ArgumentParser
import CatenaAdapters
import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

/// `--threads`.
struct ComputeOptions: ParsableArguments {
    @Option(help: "Compute threads. (default: the cores this process may use)")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads), expected a number in 1...1024.")
        }
    }

    func engine() -> Engine {
        let facts = HostFacts.current()
        return Engine(
            threads: threads
                ?? HostFacts.suggestedThreads(
                    own: facts.allowedCores, processorSets: [facts.allowedCores], cpuQuota: facts.cpuQuota))
    }

    /// Collective: threads such that the processes of a host share its cores.
    func engine(_ communicator: any Communicator) throws -> Engine {
        Engine(threads: try threads ?? HostFacts.suggestedThreads(communicator))
    }
}

/// `--model` and `--adapter`.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Model: a Hugging Face folder or a .gguf file.", valueName: "path"), transform: expandedPath)
    var model: String

    @Option(
        help: ArgumentHelp("Adapter: a folder in the format of Hugging Face PEFT.", valueName: "folder"),
        transform: expandedPath)
    var adapter: String?

    /// The model's tokenizer; a path without a model is reported as such first.
    func tokenizer() throws -> Tokenizer {
        _ = try WeightFiles.open(model)
        return try Tokenizer.load(model: model)
    }

    /// The model with its adapter, if one is given.
    func load(_ baseCompute: BaseComputeOption, engine: Engine) throws -> LanguageModel {
        let loaded = try LanguageModel.load(
            model, for: adapter.map { try ModelPurpose(adapter: $0) } ?? ModelPurpose(),
            compute: baseCompute.baseCompute, engine: engine)
        if let adapter { try loaded.loadAdapter(adapter) }
        return loaded
    }
}

extension LanguageModel {
    /// Checks that what a result was computed from is known, before it is shown or written.
    ///
    /// - Throws: ``FileError/changed(path:how:)`` for a file of the model that was overwritten since it was opened.
    func requireUnchangedBeforeResult() throws(FileError) {
        CrashPoint.reached("result")
        try requireUnchangedFiles()
    }

    /// Says on standard error what the user should know about the files.
    func printNotes() {
        for note in notes { StandardError.write("note: \(note)\n") }
    }
}

/// `--base-compute`.
struct BaseComputeOption: ParsableArguments {
    @Option(
        help: """
            Products with the model's matrices: float32, or int8, which reads a quarter of the memory for each token and \
            changes the loss by some tenths of a percent.
            """)
    var baseCompute = BaseCompute.float32
}

/// `--checkpoint` or `--adapter`, one of them.
struct AdapterSource: ParsableArguments {
    @Option(
        help: ArgumentHelp("Checkpoint folder (checkpoints/step-…) of a run.", valueName: "folder"),
        transform: expandedPath)
    var checkpoint: String?

    @Option(
        help: ArgumentHelp("Adapter: a folder in the format of Hugging Face PEFT.", valueName: "folder"),
        transform: expandedPath)
    var adapter: String?

    func validate() throws {
        if (checkpoint == nil) == (adapter == nil) {
            throw ValidationError("Give either --checkpoint or --adapter.")
        }
    }

    /// The folder that holds the adapter's two files; every byte of a checkpoint is checked first.
    func folder() throws -> String {
        guard let checkpoint else { return adapter ?? "" }
        _ = try CheckpointReader.load(checkpoint)
        return checkpoint
    }

    /// The fingerprint of the base model that the run noted.
    func recordedFingerprint() throws -> String? {
        try AdapterOrigin(folder: checkpoint ?? adapter ?? "")?.baseFingerprint
    }

    /// The model given on the command line, else the one that the adapter names, by its path from the root or else from the
    /// adapter's folder.
    func model(_ given: String?, folder: String) throws -> String {
        if let given { return given }
        guard let named = try PEFTConfiguration(folder: folder, acceptsTransposed: true).baseModel, !named.isEmpty
        else {
            throw ValidationError("The adapter names no base model; give --model.")
        }
        let moved = try AdapterOrigin(folder: folder)?.relativeBase.map { BasePath.absolute(folder + "/" + $0) }
        for path in [named, moved].compactMap(\.self) where FileManager.default.fileExists(atPath: path) { return path }
        throw FileError.unreadable(
            path: folder, reason: "its base model \(named) is not there; give the folder or file with --model")
    }
}

extension DurableFile {
    /// Finds out before long work whether `path` can be written; leaves nothing behind.
    static func requireWritable(_ path: String) throws(FileError) {
        _ = try DurableFile(path: path)
    }
}
