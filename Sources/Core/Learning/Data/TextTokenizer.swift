package import CatenaText

/// What the data pipeline needs of a tokenizer.
package protocol TextTokenizer: Sendable {
    /// The ids of a text; no special tokens are added, those that occur in it are recognised.
    func encode(_ text: String) -> [Int32]
    /// The ids of a text and the part of it that each stands for.
    func encodeWithOffsets(_ text: String) -> TokenizedText
    func token(of id: Int32) -> String?
    func id(of token: String) -> Int32?
    var vocabularySize: Int { get }
    var beginningOfSequenceId: Int32? { get }
    var endOfSequenceIds: [Int32] { get }
    var addsBeginningOfSequence: Bool { get }
    /// What makes one sequence of a text, or of two.
    func sequenceTemplate() throws(TokenizerError) -> SequenceTemplate
    /// The chat templates that the model brings along.
    var templates: ModelTemplates { get }
    /// Texts of the tokens that stand outside the model's own segmentation.
    var addedTokens: [String] { get }
    /// Whether `id` is a special token, which stands for no text.
    func isSpecial(_ id: Int32) -> Bool
    /// Equal for tokenizers that encode alike.
    var fingerprint: String { get }
}

extension TextTokenizer {
    /// Nothing but the token that begins a sequence, where it is added.
    package func sequenceTemplate() throws(TokenizerError) -> SequenceTemplate {
        SequenceTemplate(beginningOfSequence: addsBeginningOfSequence ? beginningOfSequenceId : nil)
    }
}

extension Tokenizer: TextTokenizer {}
