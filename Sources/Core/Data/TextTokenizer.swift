/// What the data pipeline needs of a tokenizer.
public protocol TextTokenizer: Sendable {
    /// The ids of a text; no special tokens are added, those that occur in it are recognised.
    func encode(_ text: String) -> [Int32]
    func token(of id: Int32) -> String?
    func id(of token: String) -> Int32?
    var vocabularySize: Int { get }
    var beginningOfSequenceId: Int32? { get }
    var endOfSequenceIds: [Int32] { get }
    var addsBeginningOfSequence: Bool { get }
    /// Raw Jinja text of the model's own chat template.
    var chatTemplate: String? { get }
    /// Equal for tokenizers that encode alike.
    var fingerprint: String { get }
}

extension Tokenizer: TextTokenizer {}
