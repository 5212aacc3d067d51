extension ModelFamily {
    /// Llama 1, 2 and 3 and everything built like them (TinyLlama, SmolLM2): RMSNorm, rotary
    /// embedding, grouped-query attention, SwiGLU, tied or separate head.
    ///
    /// - Source: transformers `models/llama/modeling_llama.py`.
    static let llama = ModelFamily(
        name: "llama", modelType: "llama", ggufArchitecture: "llama", ggufInterleavesRotary: true
    ) { configuration, source in
        let bias = try source.flag("attention_bias") ?? false
        configuration.queryKeyValueBias = bias
        configuration.outputBias = bias
        configuration.feedForwardBias = try source.flag("mlp_bias") ?? false
    }
}
