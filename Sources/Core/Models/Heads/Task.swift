/// What a model learns from examples.
public enum Task: String, Sendable, CaseIterable {
    /// The next token.
    case languageModel = "language-model"
    /// One of several labels of a text.
    case classification
    /// Any number of several labels of a text.
    case multiLabel = "multi-label"
    /// A number for a text.
    case regression
    /// A text from a text, by an encoder and a decoder.
    case sequenceToSequence = "sequence-to-sequence"
    /// Which of two answers is better.
    case preference

    /// Whether whole sequences are judged, by a head of their own, and not tokens.
    public var judgesSequences: Bool {
        switch self {
        case .classification, .multiLabel, .regression: true
        case .languageModel, .sequenceToSequence, .preference: false
        }
    }
}
