/// A family of decoder-only models: which files name it and how its configuration is read.
///
/// A family is one file that extends `ModelFamily` with a constant, and one line in `all`.
public struct ModelFamily: Sendable {
    /// Short name, for messages.
    public let name: String
    /// `model_type` in `config.json`.
    public let modelType: String
    /// `general.architecture` of GGUF files.
    public let ggufArchitecture: String
    /// Whether the family's GGUF files interleave the rotary halves of q and k rows.
    public let ggufInterleavesRotary: Bool
    /// What the family adds to the configuration that all of them share.
    let adjust: @Sendable (_ configuration: inout DecoderConfiguration, _ source: ModelDescription) throws -> Void

    /// Every family that Catena knows.
    public static let all: [ModelFamily] = [.llama, .mistral, .qwen2, .qwen3]

    /// Reads the configuration of the model that `description` describes.
    ///
    /// - Throws: ``ModelError`` for an unknown family or a value that is missing or out of range.
    public static func configuration(
        of description: ModelDescription
    ) throws -> (family: ModelFamily, configuration: DecoderConfiguration) {
        let found = description.modelType
        guard let family = all.first(where: { description.matches($0) }) else {
            throw ModelError.unsupportedFamily(
                path: description.path, found: found, known: all.map(\.modelType))
        }
        var configuration = try description.sharedConfiguration(family: family.name)
        try family.adjust(&configuration, description)
        try configuration.validate(path: description.path)
        return (family, configuration)
    }
}
