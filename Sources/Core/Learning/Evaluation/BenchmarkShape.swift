package import CatenaModels

/// Model shapes by name, to measure with random weights and to plan with.
package enum BenchmarkShape {
    /// The shapes with a name.
    package static let names = ["smollm2-135m", "tinyllama-1.1b", "llama-70b", "tiny"]

    /// The named shape, or that of a Hugging Face `config.json`; nil for any other name.
    package static func configuration(_ name: String) throws -> ModelConfiguration? {
        switch name {
        case "smollm2-135m":
            llama(
                width: 576, layers: 30, heads: 9, groups: 3, inner: 1536, vocabulary: 49152, base: 100_000, ties: true)
        case "tinyllama-1.1b":
            llama(
                width: 2048, layers: 22, heads: 32, groups: 4, inner: 5632, vocabulary: 32000, base: 10_000, ties: false
            )
        case "llama-70b":
            llama(
                width: 8192, layers: 80, heads: 64, groups: 8, inner: 28672, vocabulary: 32000, base: 10_000,
                ties: false)
        case "tiny":
            llama(width: 256, layers: 4, heads: 4, groups: 2, inner: 768, vocabulary: 4096, base: 10_000, ties: true)
        default:
            name.hasSuffix(".json")
                ? try ModelFamily.configuration(of: ModelDescription(configurationFile: name)).configuration : nil
        }
    }

    private static func llama(
        width: Int, layers: Int, heads: Int, groups: Int, inner: Int, vocabulary: Int, base: Double, ties: Bool
    ) -> ModelConfiguration {
        ModelConfiguration(
            family: "llama", vocabularySize: vocabulary, hiddenSize: width, intermediateSize: inner, layerCount: layers,
            attentionHeads: heads, keyValueHeads: groups, headDimension: width / heads, maximumPositions: 2048,
            normEpsilon: 1e-6, rotaryBase: base, tiesEmbeddings: ties)
    }
}
