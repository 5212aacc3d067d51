/// Why a model could not be built.
public enum ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path is neither a model folder nor a GGUF file.
    case notAModel(path: String, reason: String)
    /// No family file handles this model type.
    case unsupportedFamily(path: String, found: String, known: [String])
    /// A configuration value is missing, out of range or contradicts another one.
    case invalidConfiguration(path: String, reason: String)
    /// The configuration asks for something the family's file does not implement.
    case unsupportedFeature(path: String, feature: String, found: String, supported: String)
    /// The weights are stored in a quantised form that is not read.
    case quantised(path: String, method: String)
    /// A weight's shape contradicts the configuration.
    case weightShape(path: String, name: String, expected: [Int], found: [Int])
    /// A token id of the data does not exist in the model.
    case tokenOutOfRange(id: Int, vocabularySize: Int)
    /// A token type does not exist in the model.
    case tokenTypeOutOfRange(Int, types: Int)
    /// A sequence has more tokens than the model has learned positions.
    case sequenceTooLong(tokenCount: Int, positions: Int)
    /// Nothing says which labels a classifier tells apart.
    case noLabels(path: String)
    /// The model was opened for another kind of task than what is asked of it.
    case wrongTask(String, needed: String)
    /// Rows of a matrix are not whole blocks of the encoding.
    case encoding(String, columns: Int, name: String)
    /// The model carries no adapters under this name.
    case unknownAdapterSet(String, known: [String])

    public var description: String {
        switch self {
        case .notAModel(let path, let reason):
            "\(path): \(reason); give a Hugging Face model folder (config.json, *.safetensors) or a .gguf file."
        case .unsupportedFamily(let path, let found, let known):
            "\(path): model type \"\(found)\" is not supported; expected one of \(known.joined(separator: ", "))."
        case .invalidConfiguration(let path, let reason):
            "\(path): \(reason); correct the file or download the model again."
        case .unsupportedFeature(let path, let feature, let found, let supported):
            "\(path): \(feature) is \"\(found)\", expected \(supported); use another model."
        case .quantised(let path, let method):
            "\(path): the weights are quantised by \(method) (quantization_config), which is not read; use the model that is "
                + "not quantised, with base-storage int8 where memory is short, or a .gguf file of it."
        case .weightShape(let path, let name, let expected, let found):
            "\(path): tensor \(name) has shape \(found), expected \(expected) by the configuration; "
                + "the files do not belong together."
        case .tokenOutOfRange(let id, let vocabularySize):
            "token id \(id) is outside the model's vocabulary of \(vocabularySize) tokens; "
                + "expected 0...\(vocabularySize - 1); use the tokenizer that belongs to the model."
        case .tokenTypeOutOfRange(let type, let types):
            "the token type \(type) is none of the model's \(types), expected a number in 0...\(max(types, 1) - 1); use the tokenizer "
                + "that belongs to the model."
        case .sequenceTooLong(let tokenCount, let positions):
            "a sequence of \(tokenCount) tokens does not fit the model, which has learned positions for at most "
                + "\(positions) tokens; lower the maximum length (data.max-length, --max-length)."
        case .noLabels(let path):
            "\(path): there is no id2label, no num_labels and no classifier in the files, so nothing says which labels the model "
                + "tells apart; give them (labels)."
        case .encoding(let encoding, let columns, let name):
            "\(name) has rows of \(columns) numbers, which are not whole blocks of \(encoding); choose another storage, such as "
                + "bfloat16 or q8_0."
        case .unknownAdapterSet(let name, let known):
            "the model carries no adapters called \"\(name)\"; "
                + (known.isEmpty ? "it carries none." : "it carries \(known.joined(separator: ", ")).")
        case .wrongTask(let found, let needed):
            "the model is \(found), and this needs \(needed); give another model, or the task that this one is for."
        }
    }
}
