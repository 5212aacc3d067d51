/// Floats that a pass keeps for each token.
///
/// Letters: D hidden size, Q and K widths of all query and of all key heads, F feed-forward width, H heads,
/// r columns inside a layer's adapters.
struct PlannedActivations {
    /// A layer from its forward to its backward pass.
    ///
    ///     Llama kind:      2 Q + 2 K + 2 D + 2 F + H + 2 + r     (with norms of q and k: + Q + K + 2 H)
    ///     GPT-2 and OPT:   4 D + F + D + H + 4 + r
    ///
    /// q, k, v, the attention's output and log-sum-exp, both residual sums, gate and up; norms and SwiGLU are made again.
    let kept: Int
    /// Beside those, at most, while a layer's backward pass runs: the feed-forward part's activation and its gradient,
    /// and three hidden states with their gradients.
    ///
    ///     2 F + 3 D
    let transient: Int
    /// A hidden state: D.
    let hidden: Int

    init(_ inventory: ModelInventory) {
        let shape = inventory.configuration
        let (width, inner, heads) = (shape.hiddenSize, shape.intermediateSize, shape.attentionHeads)
        if shape.layerNormStyle == nil {
            let (queries, keys) = (shape.queryWidth, shape.keyValueWidth)
            let normed = shape.queryKeyNorm ? queries + keys + 2 * heads : 0
            kept = 2 * queries + 2 * keys + 2 * width + 2 * inner + heads + 2 + inventory.adapterWidth + normed
        } else {
            kept = 6 * width + inner + heads + 4 + inventory.adapterWidth
        }
        transient = 2 * inner + 3 * width
        hidden = width
    }
}
