extension ModelFamily {
    /// Llama 1, 2 and 3 and everything built like them (TinyLlama, SmolLM2): RMSNorm, rotary
    /// embedding, grouped-query attention, SwiGLU, tied or separate head.
    ///
    /// - Source: transformers `models/llama/modeling_llama.py`.
    static let llama = ModelFamily(
        name: "llama", modelType: "llama", ggufArchitecture: "llama", ggufInterleavesRotary: true
    ) { configuration, source in
        let bias = try source.flag("attention_bias") ?? false
        configuration.queryKeyValueBias = bias || source.hasGGUFTensor("blk.0.attn_q.bias")
        configuration.outputBias = bias || source.hasGGUFTensor("blk.0.attn_output.bias")
        let feedForwardBias = try source.flag("mlp_bias") ?? false
        configuration.feedForwardBias = feedForwardBias || source.hasGGUFTensor("blk.0.ffn_gate.bias")
    }
}
