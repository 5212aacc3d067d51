import CatenaEngine

extension ModelFamily {
    /// GPT-2 and DistilGPT-2: LayerNorm, learned positions, GELU, one matrix for q, k and v, transposed matrices in
    /// the files. The dropout that its `config.json` names for training from nothing is not applied.
    ///
    /// - Source: Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*; transformers
    ///   `models/gpt2/modeling_gpt2.py`.
    static let gpt2 = ModelFamily(
        name: "gpt2", modelType: "gpt2", ggufArchitecture: nil, ggufInterleavesRotary: false,
        keys: [
            "hidden_size": "n_embd", "intermediate_size": "n_inner", "num_hidden_layers": "n_layer",
            "num_attention_heads": "n_head", "max_position_embeddings": "n_positions",
        ], feedForwardFactor: 4
    ) { configuration, source in
        try source.require("scale_attn_weights", true)
        try source.require("scale_attn_by_inverse_layer_idx", false)
        try source.require("add_cross_attention", false)
        let activations: [String: Activation] = [
            "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu": .geluErf, "relu": .relu,
        ]
        let name = try source.text("activation_function") ?? "gelu_new"
        guard let activation = activations[name] else {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "activation_function", found: name,
                supported: activations.keys.sorted().joined(separator: ", "))
        }
        configuration.maximumPositions = try source.required("max_position_embeddings")
        configuration.normEpsilon = Float(try source.number("layer_norm_epsilon") ?? 1e-5)
        configuration.tiesEmbeddings = try source.flag("tie_word_embeddings") ?? true
        configuration.activation = activation
        configuration.finalNorm = .layer
        configuration.storesTransposed = true
        configuration.names = .init(
            tokens: "transformer.wte.weight", positions: "transformer.wpe.weight", finalNorm: "transformer.ln_f",
            layers: "transformer.h")
    } layers: { configuration, weights, _ in
        try (0..<configuration.layerCount).map {
            try LayerNormDecoderLayer(
                index: $0, configuration: configuration, activation: configuration.activation,
                names: .init(
                    attentionNorm: "ln_1", feedForwardNorm: "ln_2", attentionInputs: ["attn.c_attn"],
                    attentionOutput: "attn.c_proj", up: "mlp.c_fc", down: "mlp.c_proj"),
                weights: weights)
        }
    }
}
