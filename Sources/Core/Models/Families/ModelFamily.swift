import CatenaEngine
import CatenaFiles
import Foundation

/// A family of models: which files name it and how its configuration is read.
///
/// A family is one file that extends `ModelFamily` with a constant, and one line in `all`.
public struct ModelFamily: Sendable {
    /// Short name, for messages.
    public let name: String
    /// `model_type` in `config.json`.
    public let modelType: String
    /// `general.architecture` of GGUF files; nil if Catena reads and writes none of this family.
    public let ggufArchitecture: String?
    /// Whether the family's GGUF files interleave the rotary halves of q and k rows.
    public let ggufInterleavesRotary: Bool
    /// Keys of `config.json` that differ from Llama's, by those.
    var keys: [String: String] = [:]
    /// Feed-forward width over hidden size where the file does not say; nil if it has to.
    var feedForwardFactor: Int? = nil
    /// What `hidden_act` may say.
    var hiddenActivations: Set<String> = ["silu"]
    /// How models of the family judge whole sequences.
    var sequenceHead = SequenceHead.lastToken
    /// What the family adds to the configuration that all of them share.
    var adjust: @Sendable (_ configuration: inout ModelConfiguration, _ source: ModelDescription) throws -> Void
    /// The layers of a model; of the Llama kind unless the family makes its own.
    var layers: @Sendable (ModelConfiguration, any WeightStore, Engine) throws -> [any TransformerLayer] = {
        configuration, weights, engine in
        let rotary = configuration.rotaryTable(memory: engine.memory)
        return try (0..<configuration.layerCount).map {
            try DecoderLayer(index: $0, configuration: configuration, rotary: rotary, weights: weights)
        }
    }
    /// All blocks before the head, of a family that has no tokens; nil: an embedding and the ``layers``.
    var blocks: (@Sendable (ModelConfiguration, any WeightStore, Engine) throws -> [any Block])?
    /// The whole configuration, of a family that shares none; nil: the shared one, then ``adjust``.
    var read: (@Sendable (_ source: ModelDescription) throws -> ModelConfiguration)?

    /// Every family that Catena knows.
    public static let all: [ModelFamily] = [
        .llama, .mistral, .qwen2, .qwen3, .gemma2, .opt, .gpt2, .bert, .convNet, .resNet, .preResNet,
    ]

    /// The family called `name`.
    ///
    /// - Throws: ``ModelError/unsupportedFamily(path:found:known:)``.
    static func named(_ name: String) throws(ModelError) -> ModelFamily {
        guard let family = all.first(where: { $0.name == name }) else {
            throw .unsupportedFamily(path: "", found: name, known: all.map(\.name))
        }
        return family
    }

    /// The family of the model that `description` describes.
    ///
    /// - Throws: ``ModelError/unsupportedFamily(path:found:known:)``.
    static func of(_ description: ModelDescription) throws(ModelError) -> ModelFamily {
        let found = description.modelType
        guard let family = all.first(where: { description.modelType(of: $0) == found }) else {
            throw .unsupportedFamily(
                path: description.path, found: found, known: all.compactMap { description.modelType(of: $0) })
        }
        return family
    }

    /// Reads the configuration of a model of this family.
    ///
    /// - Parameter files: its weights; nil for a model without.
    func configuration(
        of description: ModelDescription, for purpose: ModelPurpose, files: WeightFiles?
    ) throws -> ModelConfiguration.Opened {
        try description.refuseQuantised()
        let description = description.renamingKeys(keys)
        let configuration = try configuration(of: description)
        try configuration.validate(path: description.path)
        return try configuration.opened(for: purpose, self, description, files: files)
    }

    private func configuration(of description: ModelDescription) throws -> ModelConfiguration {
        if let read { return try read(description) }
        var configuration = try description.sharedConfiguration(self)
        try adjust(&configuration, description)
        return configuration
    }

    /// Reads the configuration of the model that `description` describes.
    ///
    /// - Throws: ``ModelError`` for an unknown family or a value that is missing or out of range.
    public static func configuration(
        of description: ModelDescription, for purpose: ModelPurpose = ModelPurpose()
    ) throws -> (family: ModelFamily, configuration: ModelConfiguration) {
        let family = try of(description)
        return (family, try family.configuration(of: description, for: purpose, files: nil).configuration)
    }

    /// Reads the configuration of the model at `path`: a `config.json`, a Hugging Face folder, whose weights may be missing, or
    /// a `.gguf` file.
    ///
    /// - Throws: ``ModelError`` or ``FileError``; also where weights beside the `config.json` hold more layers than it says.
    public static func configuration(
        at path: String, for purpose: ModelPurpose = ModelPurpose()
    ) throws -> ModelConfiguration {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError.missing(path: path)
        }
        guard isFolder.boolValue || path.hasSuffix(".json") else {
            let files = try WeightFiles.open(path)
            return try checked(ModelDescription(modelAt: path, files: files), purpose, files)
        }
        let file = isFolder.boolValue ? path + "/config.json" : path
        let isModel = FilePath.split(file).name == "config.json"
        let files = isModel ? try? WeightFiles.open(FilePath.split(file).folder) : nil
        return try checked(ModelDescription(configurationFile: file), purpose, files)
    }

    private static func checked(
        _ description: ModelDescription, _ purpose: ModelPurpose, _ files: WeightFiles?
    ) throws -> ModelConfiguration {
        let family = try of(description)
        let configuration = try family.configuration(of: description, for: purpose, files: files).configuration
        if let files { try configuration.requireAllLayers(of: files, path: description.path) }
        return configuration
    }
}

extension ModelFamily {
    /// A family of image models, whose head judges the features of each image.
    init(
        images name: String, classifier: String, hasBias: Bool,
        blocks: @escaping @Sendable (ModelConfiguration, any WeightStore, Engine) throws -> [any Block],
        read: @escaping @Sendable (ModelDescription) throws -> ModelConfiguration
    ) {
        var head = SequenceHead(pooling: .first, pooler: nil, classifier: classifier, hasBias: hasBias)
        (head.initialDeviation, head.biasDecays) = (nil, true)
        self.init(
            name: name, modelType: name, ggufArchitecture: nil, ggufInterleavesRotary: false, sequenceHead: head,
            adjust: { _, _ in })
        (self.blocks, self.read) = (blocks, read)
    }
}
