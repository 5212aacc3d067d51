import CatenaModels

extension PlanRequest {
    /// Whether everything that a plan multiplies stays below 2⁶²: bytes of all ranks' weights, activations and trained numbers, each taken
    /// too high.
    ///
    /// - Throws: ``PlanningError/beyondCounting``.
    package func requireCountable() throws(PlanningError) {
        let activations = PlannedActivations(inventory)
        let tokens = Double(work.sequenceTokens) * Double(work.microBatchSequences)
        let stepTokens = tokens * Double(max(work.microBatches, 1))
        let layers = Double(inventory.layers.count + 2)
        let perToken = Double(activations.kept) + Double(activations.transient) + 4 * Double(activations.hidden)
        let copies =
            Double(
                (work.isReparameterised ? 4 : 2) + work.optimizerMoments + work.reductionStack + work.reductionPartials)
            + Double(work.microBatches)
        let elements =
            2
            * (Double(inventory.matrices.elements) + Double(inventory.matrices.storedBytes)
                + Double(inventory.vectorElements))
            + stepTokens * layers * perToken
            + Double(LanguageModelHead.tileRows(vocabulary: inventory.configuration.vocabularySize))
            * Double(inventory.configuration.vocabularySize)
            + Double(inventory.trainableElements) * copies
            + Double(inventory.adapterKeptElements) + Double(inventory.adapterPassElements)
        guard 4 * elements * Double(cluster.ranks) < 0x1p62 else { throw .beyondCounting }
    }
}
