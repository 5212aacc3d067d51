import CatenaModels

/// Memory of a rank and of a host, by what holds it.
package struct PlannedMemory: Sendable, Equatable {
    /// Frozen matrices and vectors of a rank's own.
    package var weightBytes = 0
    /// Frozen matrices that the ranks of a host share: a mapped file, or shared memory.
    package var sharedWeightBytes = 0
    /// One gathered block in stored form and one decoded, where weights are gathered.
    package var gatherBytes = 0
    /// Activations, the head's tile of logits included.
    package var activationBytes = 0
    /// Values, gradients, moments and partial sums of what is trained.
    package var trainableBytes = 0
    /// Tensors of the adapter that are not trained: constant factors, scores, matrices that a pass makes.
    package var adapterBytes = 0
    /// The program itself.
    package var programBytes = 0

    /// Resident memory of a rank, what it shares with others included.
    package var rankBytes: Int {
        weightBytes + sharedWeightBytes + gatherBytes + activationBytes + trainableBytes + adapterBytes + programBytes
    }

    /// Memory of a host with this many ranks; what they share counts once.
    package func hostBytes(ranks: Int) -> Int { ranks * (rankBytes - sharedWeightBytes) + sharedWeightBytes }
}

extension PlannedMemory {
    /// The program with its libraries, a small tokenizer and the products' packing buffers, as measured.
    static let programBytes = 36_000_000
    /// What MPI adds to it in a job of a few ranks.
    static let messagingBytes = 10_000_000
    private static let floatBytes = 4

    /// Memory under a placement that is not `auto`.
    ///
    ///     replicated   W private, without what is mapped; that is shared by the ranks of a host
    ///     node         W shared
    ///     sharded      S / P + the largest S_k + the largest W_k (a layer or the projection)
    ///
    /// W: bytes from which all matrices are multiplied, S: those that are sent (``PlannedWeights``), index k: of block k. Vectors
    /// (4 bytes a number) are on every rank.
    package init(_ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement) {
        let inventory = request.inventory
        let weights = PlannedWeights(request)
        let float = Self.floatBytes
        weightBytes = float * inventory.vectorElements
        switch placement {
        case .auto, .replicated:
            weightBytes += weights.whole.own
            sharedWeightBytes = weights.whole.mapped
        case .node:
            sharedWeightBytes = weights.whole.own + weights.whole.mapped
        case .sharded:
            weightBytes += (weights.sentTotal + request.cluster.ranks - 1) / request.cluster.ranks
            sharedWeightBytes = weights.lookedUp
            gatherBytes = weights.largest.sent + weights.largest.working
        }
        activationBytes = Self.activations(request, placement: placement)
        trainableBytes = Self.trainable(request, placement: placement)
        adapterBytes = float * (inventory.adapterKeptElements + inventory.adapterPassElements)
        programBytes = Self.programBytes + (request.cluster.ranks > 1 ? Self.messagingBytes : 0)
    }

    /// Activations in bytes; n tokens of a micro-batch, m micro-batches at once (all of a rank, or 1), L layers:
    ///
    ///     kept layers          4 n (L kept + D)
    ///     recomputed layers    4 n (m (L + 2) D + kept)
    ///     measured ahead       4 n (2 k D + kept) if that is more, for k micro-batches
    ///     + 4 n (transient + 3 D) + 4 · (rows of a tile) · V for the head
    private static func activations(
        _ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement
    ) -> Int {
        let activations = PlannedActivations(request.inventory)
        let tokens = request.work.microBatchTokens
        let layers = request.inventory.layers.count
        let judged = request.inventory.configuration.sequenceHead
        let supervised =
            judged == nil
            ? Int((Double(tokens) * request.work.supervisedFraction).rounded(.up)) : request.work.microBatchSequences
        let atOnce = request.isLayerMajor(placement) ? max(request.microBatchesPerRank, 1) : 1
        let passed =
            request.recomputesBlocks(placement)
            ? tokens * (atOnce * (layers + 2) * activations.hidden + activations.kept)
            : tokens * (layers * activations.kept + activations.hidden)
        let ahead = request.measuredAhead(placement)
        let measured = ahead > 0 ? tokens * (2 * ahead * activations.hidden + activations.kept) : 0
        let vocabulary = judged?.labels.count ?? request.inventory.configuration.vocabularySize
        let head =
            3 * supervised * activations.hidden
            + min(LanguageModelHead.tileRows(vocabulary: vocabulary), supervised) * vocabulary
        return floatBytes * (max(passed, measured) + tokens * activations.transient + head)
    }

    /// Values, gradients and moments; a gradient for every further micro-batch in layer-major order; partial sums of the
    /// reduction; and, with several ranks, room for what the others send of one's own slice.
    ///
    ///     4 T (2 + moments + (m - 1) + stack + partials)      + 2 where the optimizer moves other numbers than the model computes with
    private static func trainable(
        _ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement
    ) -> Int {
        let further = request.isLayerMajor(placement) ? max(request.microBatchesPerRank - 1, 0) : 0
        let exchange = request.cluster.ranks > 1 ? request.work.reductionPartials : 0
        let raw = request.work.isReparameterised ? 2 : 0
        let copies = 2 + raw + request.work.optimizerMoments + further + request.work.reductionStack + exchange
        return floatBytes * request.inventory.trainableElements * copies
    }
}
