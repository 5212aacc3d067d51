public import ArgumentParser
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation

/// The options of `catena plan` that say what is trained.
struct PlannedWork: ParsableArguments {
    @Option(
        help: ArgumentHelp("Configuration (YAML); its model may lack weights.", valueName: "file"),
        transform: expandedPath)
    var config: String?
    @Option(
        help: ArgumentHelp(
            "Model instead of a configuration's: \(BenchmarkShape.names.joined(separator: ", ")), or a config.json.",
            valueName: "shape"))
    var shape: String?
    @Option(help: ArgumentHelp("Overrides a key of the configuration; may be repeated.", valueName: "key=value"))
    var set: [String] = []
    @Option(
        help: ArgumentHelp(
            "How the weights of a model that is not there are stored: float32, bfloat16, float16, q8_0, q4_K, ... "
                + "(default: what its config.json says, else bfloat16)", valueName: "encoding"))
    var storage: TensorEncoding?
    @Option(help: ArgumentHelp("Tokens of a sequence (data.max-length).", valueName: "tokens"))
    var sequence: Int?
    @Option(
        help: ArgumentHelp("Sequences that go through the model at once (training.micro-batch).", valueName: "count"))
    var microBatch: Int?
    @Option(
        help: ArgumentHelp(
            "Sequences of a step over all ranks (training.global-batch). (default without a configuration: a micro-batch a rank)",
            valueName: "count"))
    var globalBatch: Int?
    @Option(help: ArgumentHelp("Part of the tokens that is learned and so passes the head.", valueName: "fraction"))
    var supervised = 1.0

    func validate() throws {
        if config == nil, shape == nil {
            throw ValidationError("Give --config, or --shape for a model without a configuration.")
        }
        if let storage, storage.isInteger {
            throw ValidationError("--storage is \(storage.rawValue), expected a floating-point or GGUF encoding.")
        }
        if !(0...1).contains(supervised) {
            throw ValidationError("--supervised is \(supervised), expected a number in 0...1.")
        }
    }

    /// The configuration, or one of defaults, with the options in the place of its keys.
    func runConfiguration(ranks: Int) throws -> RunConfiguration {
        var overrides = set
        if let sequence { overrides.append("data.max-length=\(sequence)") }
        if let microBatch { overrides.append("training.micro-batch=\(microBatch)") }
        if let globalBatch { overrides.append("training.global-batch=\(globalBatch)") }
        if let config { return try RunConfiguration.load(path: config, overrides: overrides) }
        let atOnce = microBatch ?? 1
        let yaml = """
            model: none
            adapter: {method: lora}
            data: {train: none}
            training: {steps: 1, micro-batch: \(atOnce), global-batch: \(atOnce * ranks)}
            output: none
            """
        return try RunConfiguration.parse(yaml: yaml, path: "the options", overrides: overrides)
    }

    /// The model's sizes, from its files where there are any.
    func inventory(_ configuration: RunConfiguration) throws -> ModelInventory {
        if let shape {
            let model = try BenchmarkShape.chosen(shape)
            let stored = shape.hasSuffix(".json") ? try Self.storage(inFile: shape) : nil
            return try inventory(model, stored: stored, configuration)
        }
        let path = configuration.model
        let file = path.hasSuffix(".json") ? path : path + "/config.json"
        if path.hasSuffix(".json") || !Self.hasWeights(path), FileManager.default.fileExists(atPath: file) {
            let model = try ModelFamily.configuration(at: file, for: try Self.purpose(configuration))
            return try inventory(model, stored: try Self.storage(inFile: file), configuration)
        }
        let files = try ModelFiles(modelAt: path, for: try Self.purpose(configuration))
        return try ModelInventory(
            configuration: files.configuration, storage: .files(files), adapter: configuration.adapter)
    }

    private func inventory(
        _ model: ModelConfiguration, stored: TensorEncoding?, _ configuration: RunConfiguration
    ) throws -> ModelInventory {
        try ModelInventory(
            configuration: model, storage: .encoding(storage ?? stored ?? .bfloat16), adapter: configuration.adapter)
    }

    /// The classes are counted in the training data where only they say them.
    private static func purpose(_ configuration: RunConfiguration) throws -> ModelPurpose {
        let isThere = FileManager.default.fileExists(atPath: configuration.data.train)
        return configuration.purpose(classes: isThere ? try configuration.classLabels() : nil)
    }

    /// Whether there are weights, sound or not.
    private static func hasWeights(_ path: String) -> Bool {
        do throws(FileError) {
            _ = try WeightFiles.open(path)
        } catch .notAModel {
            return false
        } catch {
            return true
        }
        return true
    }

    /// `torch_dtype` of a `config.json`, if it is one that weights are stored in.
    private static func storage(inFile path: String) throws -> TensorEncoding? {
        let json = try JSONDocument.read(path: path)
        let name = try json.optionalString("torch_dtype") ?? json.optionalString("dtype")
        return name.flatMap { TensorEncoding(rawValue: $0) }
    }
}

extension TensorEncoding: ExpressibleByArgument {}
