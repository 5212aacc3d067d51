public import CatenaEngine

/// What distinguishes the families with LayerNorm, learned positions and a plain feed-forward part.
public struct LayerNormStyle: Sendable, Equatable {
    /// Between the two matrices of the feed-forward part.
    public var activation: Activation
    /// Row of the position table that belongs to position 0.
    public var positionOffset = 0
    /// Whether the files hold the transposes of the linear layers' matrices.
    public var storesTransposed = false
    /// Where the files keep the weights.
    public var names: Names

    /// Names in the model's files.
    public struct Names: Sendable, Equatable {
        /// The tables of token and position vectors, with `.weight`.
        public var tokens, positions: String
        /// The last norm.
        public var finalNorm: String
        /// What precedes `.0.`, `.1.` and so on.
        public var layers: String
        /// Modules of a layer: the norms before attention and feed-forward part.
        public var attentionNorm, feedForwardNorm: String
        /// Modules of a layer: q, k and v, or one that makes all three side by side.
        public var attentionInputs: [String]
        /// Modules of a layer.
        public var attentionOutput, up, down: String
    }
}
