/// What a rank and a host send and receive in one optimizer step.
package struct PlannedTraffic: Sendable, Equatable {
    /// Blocks gathered.
    package var gathers = 0
    /// Bytes of frozen weights that a rank receives; it sends as many.
    package var gatherBytesPerRank = 0
    /// The same over a host's network link. Ranks of a host are neighbours in the ring, so this does not grow with them.
    package var gatherBytesPerHost = 0
    /// Bytes of gradient sums that a rank sends; it receives as many.
    package var reductionBytesPerRank = 0
    /// Bytes of gradient sums over a host's network link.
    package var reductionBytesPerHost = 0
}

extension PlannedTraffic {
    /// Traffic under a placement that is not `auto`.
    ///
    ///     gather of block k    S_k (P - 1) / P, S_k: what is sent of it (``PlannedWeights``)
    ///     a pass               embedding, layers 0 ... L-1, head, layers L-1 ... 0: 2 L + 2 gathers
    ///     a reference          embedding, layers, head once more
    ///     passes of a step     1 in layer-major order, else the micro-batches of a rank
    ///     samples weighted     micro-major: embedding, layers, head once more a step, and a reference only there and in the first pass
    ///     reduction            4 T (P - 1) / P · (partial sums + 1), of which (P - R) / (P - 1) leave the host
    ///
    /// T: trained numbers, R: ranks of a host. Twice 4 T (P - 1) / P is what a bandwidth-optimal all-reduce sends.
    package init(_ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement) {
        let (ranks, hosts) = (request.cluster.ranks, request.cluster.hosts)
        guard ranks > 1 else { return }
        if placement == .sharded {
            let inventory = request.inventory
            let weights = PlannedWeights(request)
            let layers = inventory.layers.reduce(0) { $0 + weights.sent($1) }
            let passes = request.passesPerStep(placement)
            let isMeasured = request.measuredAhead(placement) > 0
            let references = request.work.hasReference ? isMeasured ? 2 : passes : 0
            let forwards = passes + references + (isMeasured ? 1 : 0)
            let tables = weights.sentEmbedding + weights.sent(inventory.projection)
            let sent = (passes + forwards) * layers + forwards * tables
            gathers = (passes + forwards) * inventory.layers.count + forwards * (weights.looksUpInFile ? 1 : 2)
            gatherBytesPerRank = sent / ranks * (ranks - 1)
            gatherBytesPerHost = hosts > 1 ? gatherBytesPerRank : 0
        }
        let values = 4 * request.inventory.trainableElements
        reductionBytesPerRank = values / ranks * (ranks - 1) * (request.work.reductionPartials + 1)
        let onHost = request.cluster.ranksPerHost
        reductionBytesPerHost = hosts > 1 ? onHost * reductionBytesPerRank / (ranks - 1) * (ranks - onHost) : 0
    }
}

extension PlanRequest {
    /// How often a step goes through all blocks.
    package func passesPerStep(_ placement: RunConfiguration.DistributedSection.Placement) -> Int {
        isLayerMajor(placement) ? 1 : max(microBatchesPerRank, 1)
    }
}
