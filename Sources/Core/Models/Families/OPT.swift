import CatenaEngine

extension ModelFamily {
    /// OPT (all sizes but 350M): LayerNorm, learned positions that begin at row 2, ReLU. The dropout that its
    /// `config.json` names for training from nothing is not applied.
    ///
    /// - Source: Zhang et al. 2022, *OPT*, arXiv:2205.01068; transformers `models/opt/modeling_opt.py`.
    static let opt = ModelFamily(
        name: "opt", modelType: "opt", ggufArchitecture: nil, ggufInterleavesRotary: false,
        keys: ["intermediate_size": "ffn_dim"]
    ) { configuration, source in
        for key in ["do_layer_norm_before", "enable_bias", "layer_norm_elementwise_affine"] {
            try source.require(key, true)
        }
        try source.require("_remove_final_layer_norm", false)
        if let activation = try source.text("activation_function"), activation != "relu" {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "activation_function", found: activation, supported: "relu")
        }
        if let width = try source.integer("word_embed_proj_dim"), width != configuration.hiddenSize {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "word_embed_proj_dim", found: "\(width)",
                supported: "the hidden size \(configuration.hiddenSize)")
        }
        configuration.normEpsilon = 1e-5
        configuration.tiesEmbeddings = try source.flag("tie_word_embeddings") ?? true
        configuration.finalNorm = .layer
        configuration.positionOffset = 2
        configuration.names = .init(
            tokens: "model.decoder.embed_tokens.weight", positions: "model.decoder.embed_positions.weight",
            finalNorm: "model.decoder.final_layer_norm", layers: "model.decoder.layers")
    } layers: { configuration, weights, _ in
        try (0..<configuration.layerCount).map {
            try LayerNormDecoderLayer(
                index: $0, configuration: configuration, activation: .relu,
                names: .init(
                    attentionNorm: "self_attn_layer_norm", feedForwardNorm: "final_layer_norm",
                    attentionInputs: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
                    attentionOutput: "self_attn.out_proj", up: "fc1", down: "fc2"),
                weights: weights)
        }
    }
}
