public import CatenaEngine

/// The shape and options of a transformer, as a family's file reads them from
/// `config.json` or GGUF metadata.
public struct ModelConfiguration: Sendable, Equatable {
    /// Name of the family (`ModelFamily.name`).
    public var family: String
    /// V.
    public var vocabularySize: Int
    /// D, the width of the hidden states.
    public var hiddenSize: Int
    /// F, the width inside the feed-forward part.
    public var intermediateSize: Int
    /// Number of transformer layers.
    public var layerCount: Int
    /// H, the query heads.
    public var attentionHeads: Int
    /// Key and value heads; a divisor of `attentionHeads`.
    public var keyValueHeads: Int
    /// Width of one head.
    public var headDimension: Int
    /// Longest sequence that the model was made for, in tokens.
    public var maximumPositions: Int
    /// ε of the norms.
    public var normEpsilon: Float
    /// Base of the rotary frequencies.
    public var rotaryBase: Double
    /// How the rotary frequencies are stretched for long sequences.
    public var rotaryScaling: RotaryScaling = .none
    /// Whether the head uses the embedding's matrix.
    public var tiesEmbeddings: Bool
    /// Whether q, k and v have biases (Qwen2).
    public var queryKeyValueBias: Bool = false
    /// Whether o has a bias.
    public var outputBias: Bool = false
    /// Whether gate, up and down have biases.
    public var feedForwardBias: Bool = false
    /// Whether q and k pass an RMSNorm per head (Qwen3).
    public var queryKeyNorm: Bool = false
    /// A token sees this many positions, itself included; nil: all before it (Mistral).
    public var slidingWindow: Int? = nil

    /// Layers that see all positions before a token although there is a sliding window.
    public var wholeAttentionLayers: Set<Int> = []
    /// Factor of the attention's scores; nil: 1 / √d.
    public var attentionScale: Float?
    /// The attention's scaled scores z become cap tanh(z / cap).
    public var attentionSoftCap: Float?
    /// The head's scores z become cap tanh(z / cap).
    public var headSoftCap: Float?
    /// Factor of the tokens' vectors.
    public var embeddingScale: Float?

    /// In the feed-forward part, of models whose family has several.
    public var activation = Activation.silu
    /// Whether a token sees its whole sequence and not only what is before it (encoders).
    public var isBidirectional = false
    /// Token types that have a vector of their own.
    public var tokenTypes = 0
    /// How whole sequences are judged; nil: the head gives scores of the vocabulary.
    public var sequenceHead: SequenceHead?
    /// What normalises the hidden states that enter the head.
    public var finalNorm = Norm.Kind.rootMeanSquare
    /// Row of the position table that belongs to position 0, in models that learn positions.
    public var positionOffset = 0
    /// Whether the files hold the transposes of the linear layers' matrices.
    public var storesTransposed = false
    /// What the images of an image model are, and its own options; nil where a model has tokens.
    public var images: ImageConfiguration?
    /// Where the files keep what is not in a layer.
    public var names = Names()

    package init(
        family: String, vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int,
        attentionHeads: Int, keyValueHeads: Int, headDimension: Int, maximumPositions: Int, normEpsilon: Float,
        rotaryBase: Double, rotaryScaling: RotaryScaling = .none, tiesEmbeddings: Bool, queryKeyValueBias: Bool = false,
        outputBias: Bool = false, feedForwardBias: Bool = false, queryKeyNorm: Bool = false, slidingWindow: Int? = nil,
        wholeAttentionLayers: Set<Int> = [], attentionScale: Float? = nil, attentionSoftCap: Float? = nil,
        headSoftCap: Float? = nil, embeddingScale: Float? = nil, activation: Activation = .silu,
        isBidirectional: Bool = false, tokenTypes: Int = 0, sequenceHead: SequenceHead? = nil,
        finalNorm: Norm.Kind = .rootMeanSquare, positionOffset: Int = 0, storesTransposed: Bool = false,
        names: Names = Names()
    ) {
        (self.family, self.vocabularySize, self.hiddenSize, self.intermediateSize) = (
            family, vocabularySize, hiddenSize, intermediateSize
        )
        (self.layerCount, self.attentionHeads, self.keyValueHeads, self.headDimension) = (
            layerCount, attentionHeads, keyValueHeads, headDimension
        )
        (self.maximumPositions, self.normEpsilon, self.rotaryBase, self.rotaryScaling) = (
            maximumPositions, normEpsilon, rotaryBase, rotaryScaling
        )
        (self.tiesEmbeddings, self.queryKeyValueBias, self.outputBias, self.feedForwardBias) = (
            tiesEmbeddings, queryKeyValueBias, outputBias, feedForwardBias
        )
        (self.queryKeyNorm, self.slidingWindow, self.wholeAttentionLayers, self.attentionScale) = (
            queryKeyNorm, slidingWindow, wholeAttentionLayers, attentionScale
        )
        (self.attentionSoftCap, self.headSoftCap, self.embeddingScale, self.activation) = (
            attentionSoftCap, headSoftCap, embeddingScale, activation
        )
        (self.isBidirectional, self.tokenTypes, self.sequenceHead, self.finalNorm) = (
            isBidirectional, tokenTypes, sequenceHead, finalNorm
        )
        (self.positionOffset, self.storesTransposed, self.names) = (positionOffset, storesTransposed, names)
    }

    /// Names in a model's files.
    public struct Names: Sendable, Equatable {
        /// The table of token vectors.
        public var tokens = "model.embed_tokens.weight"
        /// The table of position vectors; nil: positions are rotary.
        public var positions: String?
        /// The table of the token types' vectors; nil for none.
        public var tokenTypes: String?
        /// The norm behind the embedding; nil for none.
        public var embeddingNorm: String?
        /// The last norm; nil where the last layer ends with one.
        public var finalNorm: String? = "model.norm"
        /// The head's own matrix.
        public var head = "lm_head.weight"
        /// What precedes `.0.`, `.1.` and so on.
        public var layers = "model.layers"
    }

    /// Width of all query heads.
    public var queryWidth: Int { attentionHeads * headDimension }
    /// Width of all key (or value) heads.
    public var keyValueWidth: Int { keyValueHeads * headDimension }

    /// Checks the relations between the numbers.
    ///
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)`` that names the wrong one.
    public func validate(path: String) throws(ModelError) {
        func require(_ condition: Bool, _ reason: String) throws(ModelError) {
            if !condition { throw .invalidConfiguration(path: path, reason: reason) }
        }
        for (name, value, limit) in [
            ("vocabulary size", vocabularySize, ModelLimit.vocabulary), ("hidden size", hiddenSize, ModelLimit.width),
            ("intermediate size", intermediateSize, ModelLimit.width), ("layer count", layerCount, ModelLimit.layers),
            ("number of attention heads", attentionHeads, ModelLimit.heads),
            ("number of key-value heads", keyValueHeads, ModelLimit.heads),
            ("head dimension", headDimension, ModelLimit.heads),
            ("number of positions", maximumPositions, ModelLimit.positions),
            ("number of token types", max(tokenTypes, 1), ModelLimit.width),
            ("sliding window", slidingWindow ?? 1, ModelLimit.positions),
        ] {
            try require((1...limit).contains(value), "the \(name) is \(value), expected a number in 1...\(limit)")
        }
        try require(
            queryWidth <= ModelLimit.width,
            "\(attentionHeads) heads of \(headDimension) are wider than \(ModelLimit.width)")
        try require(
            attentionHeads % keyValueHeads == 0,
            "\(attentionHeads) attention heads are not a multiple of \(keyValueHeads) key-value heads")
        try require(
            normEpsilon > 0 && normEpsilon <= 1,
            "the norm's epsilon is \(normEpsilon), expected a number above 0, at most 1")
        for (name, value) in [
            ("scale of attention", attentionScale), ("soft cap of attention", attentionSoftCap),
            ("soft cap of the head", headSoftCap), ("scale of embeddings", embeddingScale),
        ] {
            guard let value else { continue }
            try require(
                value >= 1e-6 && value <= 1e6, "the \(name) is \(value), expected a number in 1e-6...1e6")
        }
        if images != nil { return }
        if names.positions != nil {
            try require(
                hiddenSize == queryWidth, "the hidden size \(hiddenSize) is not a multiple of \(attentionHeads) heads")
            return
        }
        try require(headDimension % 2 == 0, "rotary embedding needs an even head dimension, not \(headDimension)")
        try require(
            rotaryBase >= 1 && rotaryBase <= 1e30, "the rotary base is \(rotaryBase), expected a number in 1...1e30")
        try require(
            rotaryScaling.isValid(headDimension: headDimension),
            "the rotary scaling \(rotaryScaling) needs positive factors, one per pair if they are listed")
    }
}
