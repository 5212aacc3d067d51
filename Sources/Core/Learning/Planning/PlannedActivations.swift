import CatenaModels

/// Floats that a pass keeps for each token.
struct PlannedActivations {
    /// A layer from its forward to its backward pass: what the block says, and r columns inside its adapters.
    let kept: Int
    /// Beside those, at most, while a layer's backward pass runs.
    let transient: Int
    /// A hidden state: D.
    let hidden: Int

    init(_ inventory: ModelInventory) {
        kept = inventory.cost.kept + inventory.adapterWidth
        transient = inventory.cost.transient
        hidden = inventory.configuration.hiddenSize
    }
}
