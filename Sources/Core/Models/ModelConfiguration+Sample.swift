extension ModelConfiguration {
    /// A small model that has everything that a method can train: biases, norms, grouped queries.
    package static let sample = ModelConfiguration(
        family: "llama", vocabularySize: 512, hiddenSize: 256, intermediateSize: 768, layerCount: 2, attentionHeads: 4,
        keyValueHeads: 2, headDimension: 64, maximumPositions: 64, normEpsilon: 1e-6, rotaryBase: 10_000,
        tiesEmbeddings: true, queryKeyValueBias: true, outputBias: true, feedForwardBias: true)
}
