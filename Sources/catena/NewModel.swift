import ArgumentParser
import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

/// `catena new-model`.
struct NewModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-model",
        abstract: "Write a model with random weights, to be trained from nothing.",
        discussion: """
            The result is a Hugging Face folder (config.json, model.safetensors, tokenizer.json); \
            tokenizer_config.json, special_tokens_map.json and generation_config.json beside the tokenizer come along. \
            Train it with training.trainable: all.

            A model of images (model_type convnet, resnet or preresnet) has no tokenizer; see docs/images.md for its config.json.

            EXAMPLES:
              catena new-model --shape config.json --tokenizer tokenizer.json --output new-model
              catena new-model --shape config.json --tokenizer tokenizer.json --storage bfloat16 --output new-model
              catena new-model --shape convnet/config.json --output new-convnet
            """)

    @Option(help: ArgumentHelp("The model's config.json.", valueName: "file"), transform: expandedPath)
    var shape: String
    @Option(
        help: ArgumentHelp("The model's tokenizer.json; none for images.", valueName: "file"), transform: expandedPath)
    var tokenizer: String?
    @Option(help: "Seed of the weights.")
    var seed: UInt64 = 0
    @Option(help: "How numbers are stored: float32, bfloat16 or float16.")
    var storage = Storage.float32
    @Option(
        help: ArgumentHelp("Folder to write; made if it does not exist.", valueName: "folder"), transform: expandedPath)
    var output: String

    enum Storage: String, ExpressibleByArgument, CaseIterable {
        case float32, bfloat16, float16

        var encoding: TensorEncoding {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    private static let companions = ["tokenizer_config.json", "special_tokens_map.json", "generation_config.json"]

    func run() throws {
        let configuration = try ModelFamily.configuration(of: ModelDescription(configurationFile: shape)).configuration
        // Lies beside the result; dropping it removes the files.
        let parts = try StagedFolder(path: output + "-parts")
        try copy(shape, to: parts.stagingPath + "/config.json")
        if configuration.images == nil {
            try copyTokenizer(for: configuration, to: parts.stagingPath)
        } else if let tokenizer {
            throw ValidationError(
                "\(shape) is a model of images, which has no tokenizer; leave out --tokenizer \(tokenizer).")
        }
        let engine = Engine(threads: 1)
        let weights: any WeightStore =
            configuration.images == nil
            ? RandomWeights(seed: seed, norms: configuration.finalNorm, memory: engine.memory)
            : ConvolutionInitialisation(seed: seed, memory: engine.memory)
        let model = try LanguageModel(configuration: configuration, weights: weights, engine: engine)
        _ = try MergedModel.write(model, source: parts.stagingPath, to: output, storage: storage.encoding)
        var count = 0
        model.namedWeights { _, shape, _ in count += shape.reduce(1, *) }
        StandardOutput.write("\(output): \(count) parameters\n")
    }

    private func copyTokenizer(for configuration: ModelConfiguration, to target: String) throws {
        guard let tokenizer else {
            throw ValidationError("\(shape) is a language model, which needs a tokenizer; give --tokenizer.")
        }
        let tokenCount = try Tokenizer.load(model: tokenizer).vocabularySize
        guard tokenCount <= configuration.vocabularySize else {
            throw ValidationError(
                "\(tokenizer) has \(tokenCount) tokens, but vocab_size in \(shape) is \(configuration.vocabularySize); raise it."
            )
        }
        try copy(tokenizer, to: target + "/tokenizer.json")
        let folder = URL(fileURLWithPath: tokenizer).deletingLastPathComponent().path
        for name in Self.companions where FileManager.default.fileExists(atPath: folder + "/" + name) {
            try copy(folder + "/" + name, to: target + "/" + name)
        }
    }

    private func copy(_ source: String, to path: String) throws {
        unsafe try DurableFile.write(MappedFile(path: source).withBytes { unsafe Array($0) }, to: path)
    }
}
