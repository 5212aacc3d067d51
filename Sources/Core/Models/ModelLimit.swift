/// The largest numbers that a model's description may have.
///
/// They are well above those of every model, and products of sizes that meet in memory, counts and times stay below 2⁶³.
package enum ModelLimit {
    /// Numbers of layers.
    static let layers = 1 << 12
    /// Widths of hidden states, of feed-forward parts, and of all heads together.
    static let width = 1 << 20
    /// Heads and their width.
    static let heads = 1 << 16
    /// Labels of a classifier.
    package static let labels = 1 << 16
    /// Tokens of a vocabulary.
    static let vocabulary = 1 << 24
    /// Channels of an image, and of a stage of an image model.
    static let (imageChannels, imageWidth) = (1 << 8, 1 << 12)
    /// Lines, and pixels of a line, of an image.
    static let imageExtent = 1 << 10
    /// Stages of an image model, and residual blocks of each.
    static let (imageStages, imageBlocks) = (8, 1 << 8)
    /// Positions, windows, and whatever has no limit of its own.
    static let positions = Int(Int32.max)

    /// The limit of a key of `config.json`, by Llama's name of it.
    static func largest(_ key: String) -> Int {
        switch key {
        case "num_hidden_layers": layers
        case "hidden_size", "intermediate_size", "word_embed_proj_dim": width
        case "num_attention_heads", "num_key_value_heads", "head_dim": heads
        case "vocab_size": vocabulary
        case "num_labels": labels
        default: positions
        }
    }
}
