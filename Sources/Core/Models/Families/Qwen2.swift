extension ModelFamily {
    /// Qwen2 and Qwen2.5: Llama with biases on q, k and v.
    ///
    /// - Source: transformers `models/qwen2/modeling_qwen2.py`.
    static let qwen2 = ModelFamily(
        name: "qwen2", modelType: "qwen2", ggufArchitecture: "qwen2", ggufInterleavesRotary: false
    ) { configuration, source in
        configuration.queryKeyValueBias = true
        if try source.flag("use_sliding_window") ?? false {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "use_sliding_window", found: "true", supported: "false")
        }
    }
}
