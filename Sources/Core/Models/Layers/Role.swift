import CatenaEngine

/// What a linear layer is for. The family that makes the layer says it; nobody guesses it from a name.
public enum Role: String, Hashable, Sendable, CaseIterable {
    /// Queries, keys and values of attention.
    case query, key, value
    /// One matrix that makes queries, keys and values side by side.
    case fusedQueryKeyValue = "fused-query-key-value"
    /// From the heads back to the hidden states.
    case attentionOutput = "attention-output"
    /// Into the feed-forward part: what is gated by, and what is gated (or goes through an activation alone).
    case gate, up
    /// Out of the feed-forward part.
    case down
    /// A table whose rows are looked up and that is nothing else.
    case embedding
    /// The scores; also a table of token vectors that serves as such.
    case head
    /// In a head that judges sequences: from the pooled hidden states to the classifier's input.
    case pooler
    /// The scores of labels. It is small and trained whole, so that every process has it whole in float32.
    case classifier

    /// Whether it reads what attention reads, as queries, keys and values do.
    public var isAttentionInput: Bool {
        switch self {
        case .query, .key, .value, .fusedQueryKeyValue: true
        default: false
        }
    }

    /// What its products are called in profiles.
    var part: StepProfile.Part {
        switch self {
        case .query, .key, .value, .fusedQueryKeyValue: .queryKeyValue
        case .attentionOutput: .attentionOutput
        case .gate, .up: .feedForwardIn
        case .down: .feedForwardOut
        case .embedding: .elementwise
        case .head, .pooler, .classifier: .head
        }
    }
}
