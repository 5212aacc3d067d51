extension ModelFamily {
    /// Mistral: Llama with an optional sliding attention window.
    ///
    /// - Source: transformers `models/mistral/modeling_mistral.py`.
    static let mistral = ModelFamily(
        name: "mistral", modelType: "mistral", ggufArchitecture: "mistral", ggufInterleavesRotary: true
    ) { configuration, source in
        // A config.json without the key means the class's default of 4096, null means no window.
        configuration.slidingWindow = source.mentions("sliding_window") ? try source.integer("sliding_window") : 4096
    }
}
