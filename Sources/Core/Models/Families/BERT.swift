import CatenaEngine

extension ModelFamily {
    /// BERT and what is built like it (MiniLM, BGE, E5): an encoder whose layers see the whole sequence, a norm behind each
    /// residual and behind the embedding, learned positions and token types. The dropout that its `config.json` names is not
    /// applied.
    ///
    /// - Source: Devlin et al. 2019, *BERT*, arXiv:1810.04805; transformers `models/bert/modeling_bert.py`.
    static let bert = ModelFamily(
        name: "bert", modelType: "bert", ggufArchitecture: nil, ggufInterleavesRotary: false,
        hiddenActivations: Set(activations.keys),
        sequenceHead: SequenceHead(
            pooling: .first, pooler: .init(path: "bert.pooler.dense", activation: .tanh), classifier: "classifier",
            hasBias: true)
    ) { configuration, source in
        try source.require("is_decoder", false)
        try source.require("add_cross_attention", false)
        if let positions = try source.text("position_embedding_type"), positions != "absolute" {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "position_embedding_type", found: positions, supported: "absolute")
        }
        configuration.isBidirectional = true
        configuration.maximumPositions = try source.required("max_position_embeddings")
        configuration.tokenTypes = try source.integer("type_vocab_size") ?? 2
        configuration.normEpsilon = Float(try source.number("layer_norm_eps") ?? 1e-12)
        configuration.activation = try source.text("hidden_act").flatMap { activations[$0] } ?? .geluErf
        configuration.finalNorm = .layer
        configuration.tiesEmbeddings = false
        configuration.names = .init(
            tokens: "bert.embeddings.word_embeddings.weight", positions: "bert.embeddings.position_embeddings.weight",
            tokenTypes: "bert.embeddings.token_type_embeddings.weight", embeddingNorm: "bert.embeddings.LayerNorm",
            finalNorm: nil, layers: "bert.encoder.layer")
    } layers: { configuration, weights, _ in
        try (0..<configuration.layerCount).map {
            try PostNormLayer(
                index: $0, configuration: configuration,
                names: .init(
                    query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
                    output: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
                    up: "intermediate.dense", down: "output.dense", feedForwardNorm: "output.LayerNorm"),
                weights: weights)
        }
    }
}

private let activations: [String: Activation] = [
    "gelu": .geluErf, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "relu": .relu, "silu": .silu,
]
