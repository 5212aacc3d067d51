import CatenaFiles

/// How a model's tensors are called in its files.
struct TensorNames {
    /// The embedding's matrix, by its Hugging Face name.
    let embedding: String
    /// What stands before a layer's number: `model.layers.`; in the files of a model without its head, `layers.`.
    private let layerPrefixes: [String]

    init(_ configuration: ModelConfiguration, isGGUF: Bool) {
        embedding = configuration.names.tokens
        let layers = configuration.names.layers + "."
        layerPrefixes = isGGUF ? ["blk."] : [layers, Self.bare(layers)]
    }

    /// A name without its first part.
    static func bare(_ name: String) -> String {
        name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
    }

    /// What `name` is called in a Hugging Face folder; nil if it is not there.
    ///
    /// A model that was saved without its head lacks the first part, as the original GPT-2 does. Old checkpoints of BERT call the
    /// vectors of norms gamma and beta.
    func inFiles(_ name: String, _ files: WeightFiles) -> String? {
        let bare = Self.bare(name)
        // One part alone is no module's name: `weight` is not what `lm_head.weight` is called.
        let names = [name] + (bare.contains(".") ? [bare] : [])
        let old = names.compactMap { name in
            ["weight": "gamma", "bias": "beta"].first { name.hasSuffix("LayerNorm." + $0.key) }
                .map { String(name.dropLast($0.key.count)) + $0.value }
        }
        return (names + old).first { files.tensors[$0] != nil || files.unreadable[$0] != nil }
    }

    /// How many layers the numbers in `names` count to, and a tensor of the last one.
    func layerCount(_ names: some Sequence<String>) -> (count: Int, last: String) {
        var found = (count: 0, last: "")
        for name in names {
            guard let prefix = layerPrefixes.first(where: { name.hasPrefix($0) }),
                let number = Int(name.dropFirst(prefix.count).prefix { $0 != "." }), number >= found.count
            else { continue }
            found = (number < Int.max ? number + 1 : number, name)
        }
        return found
    }

    /// Whether a tensor holds what every program computes itself, or the embedding's matrix again.
    func isNeedless(_ name: String) -> Bool {
        let endings = ["rotary_emb.inv_freq", "attn.bias", "attn.masked_bias", "position_ids", "num_batches_tracked"]
        return name == "lm_head.weight" || endings.contains { name == $0 || name.hasSuffix("." + $0) }
            || name == "rope_freqs.weight"
    }
}
