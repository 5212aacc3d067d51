extension ModelFamily {
    /// Qwen3 (dense): Llama with an RMSNorm on each query and key head before the rotary embedding.
    ///
    /// - Source: transformers `models/qwen3/modeling_qwen3.py`.
    static let qwen3 = ModelFamily(
        name: "qwen3", modelType: "qwen3", ggufArchitecture: "qwen3", ggufInterleavesRotary: false
    ) { configuration, source in
        configuration.queryKeyNorm = true
        let bias = try source.flag("attention_bias") ?? false
        configuration.queryKeyValueBias = bias
        configuration.outputBias = bias
        if try source.flag("use_sliding_window") ?? false {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "use_sliding_window", found: "true", supported: "false")
        }
    }
}
