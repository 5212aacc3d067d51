extension ModelFamily {
    /// Mistral: Llama with an optional sliding attention window.
    ///
    /// - Source: transformers `models/mistral/modeling_mistral.py`.
    static let mistral = ModelFamily(
        name: "mistral", modelType: "mistral", ggufArchitecture: "mistral", ggufInterleavesRotary: true
    ) { configuration, source in
        configuration.slidingWindow = try source.integer("sliding_window")
    }
}
