import CatenaModels

/// Time of one optimizer step on the rank with the most work.
package struct PlannedTime: Sendable, Equatable {
    /// Products, attention, adapters, and decoding where weights are gathered.
    package var computeSeconds = 0.0
    /// Gathering, were it done alone.
    package var gatherSeconds = 0.0
    /// The part of it that computing does not hide.
    package var gatherWaitSeconds = 0.0
    /// The reduction of the gradients.
    package var reductionSeconds = 0.0
    /// Micro-batches of a rank from which on computing hides the gathers of layers; nil where nothing is gathered.
    package var microBatchesThatHideGathers: Int?

    /// The whole step.
    package var stepSeconds: Double { computeSeconds + gatherWaitSeconds + reductionSeconds }
}

/// Rates for every machine: the first is measured, the others are assumed.
enum PlannedRate {
    /// All counted operations of a step over its time, as a part of the rate of a large product alone. Benchmarks/results:
    /// the frozen products take 0.84 of a step and are 0.92 of the counted operations.
    static let stepEfficiency = 0.91
    /// Products of the frozen matrices in int8 beside float32, quantising included; where the processor has VNNI.
    static let int8Speedup = 1.95
    /// Numbers of a stored block that one core turns into float32 in a second.
    static let decodedElementsPerSecond = 0.8e9
    /// Payload over line rate, for TCP.
    static let networkEfficiency = 0.9
    /// Between ranks of one host, each copying through shared memory.
    static let sharedMemoryBytesPerSecond = 2e9
    /// Sleep between two looks at a ring's messages.
    static let ringPollSeconds = 50e-6
}

extension PlannedTime {
    /// Time under a placement that is not `auto`.
    ///
    ///     operations of a layer and token    forward   2 E + 4 Q c + 2 T/L        c = (T_s + 1) / 2 keys on average
    ///                                        backward  2 E + 10 Q c + 4 T/L  (+ forward when it runs again)
    ///     head and learned position          4 V D
    ///     a reference adds                   forward of all layers, 4 V D
    ///     weighted samples add               2 V D where several micro-batches of a rank wait for each other; micro-major for all but
    ///                                        one of them forward of all layers instead, and 2 V D
    ///     compute      operations · tokens / (rate of a core · cores of a rank · 0.91)
    ///     gather       S_k (P - 1) / P / (0.9 bandwidth) + (P - 1) (latency + 50 µs)
    ///     a pass       without prefetch Σ (compute_k + gather_k); with it gather_0 + Σ max(compute_k, gather_{k+1})
    ///     reduction    bytes over the host's link / (0.9 bandwidth) + 2 (P - 1) latency
    ///
    /// E: elements of a layer's matrices, Q: width of the queries, T_s: tokens of a sequence, T: trained numbers, L: layers.
    /// int8 products count 1/1.95 of their operations; matrices in a smaller form than float32 that are multiplied in float32
    /// are decoded in every pass. A model that is trained as a whole has 2 E more backward, 2 V D at the head, and no T.
    package init(_ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement) {
        let operations = PlannedOperations(request, recomputes: request.recomputesBlocks(placement))
        let cluster = request.cluster
        let rate = cluster.gigaflopsPerCore * 1e9 * cluster.coresPerRank * PlannedRate.stepEfficiency
        let perRank = request.microBatchesPerRank
        let passes = request.passesPerStep(placement)
        let tokens = Double(perRank * request.work.microBatchTokens) / Double(passes)
        let isGathered = placement == .sharded
        let weights = PlannedWeights(request)
        let isDecoded =
            request.baseFormat.storage == .float32 ? isGathered : request.baseFormat.compute == .float32
        func visit(
            _ operationsPerToken: Double, _ tokens: Double, _ block: CountedMatrices, sent: Int,
            decodes: Bool = true
        ) -> Visit {
            Visit(
                compute: operationsPerToken * tokens / rate,
                decode: isDecoded && decodes
                    ? Double(block.elements) / (PlannedRate.decodedElementsPerSecond * cluster.coresPerRank) : 0,
                gather: isGathered && sent > 0 ? Self.gatherSeconds(sent, cluster) : 0)
        }
        let inventory = request.inventory
        func forward(_ tokens: Double) -> [Visit] {
            [visit(0, tokens, inventory.embedding, sent: weights.sentEmbedding, decodes: false)]
                + inventory.layers.map { visit(operations.forward($0), tokens, $0, sent: weights.sent($0)) }
        }
        func head(_ tokens: Double, times: Double = 1) -> Visit {
            visit(times * operations.head, tokens, inventory.projection, sent: weights.sent(inventory.projection))
        }
        // The frozen scores have no gradient, and those of the model are made once more before theirs: half a head each.
        func reference(_ tokens: Double, head times: Double = 1) -> [Visit] {
            request.work.hasReference ? forward(tokens) + [head(tokens, times: times)] : []
        }
        let backward = inventory.layers.reversed().map {
            visit(operations.backward($0), tokens, $0, sent: weights.sent($0))
        }
        let ahead = request.measuredAhead(placement)
        let scoresTwice = request.work.weighsSamples && !request.work.hasReference && ahead == 0 && perRank > 1
        let pass = forward(tokens) + [head(tokens, times: scoresTwice ? 1.5 : 1)] + backward
        var parts = [(visits: reference(tokens) + pass, times: Double(passes))]
        if ahead > 0 {
            let tokensAhead = Double(ahead * request.work.microBatchTokens)
            parts = [
                (reference(tokensAhead, head: 0.5) + forward(tokensAhead) + [head(tokensAhead, times: 0.5)], 1),
                (reference(tokens) + pass, 1), (pass, Double(passes - 1)),
            ]
        }
        for (visits, times) in parts {
            computeSeconds += times * visits.reduce(0) { $0 + $1.compute + $1.decode }
            gatherSeconds += times * visits.reduce(0) { $0 + $1.gather }
            gatherWaitSeconds += times * Self.waiting(visits, prefetches: request.prefetches)
        }
        reductionSeconds = Self.reductionSeconds(request, placement: placement)
        if isGathered, cluster.ranks > 1, perRank > 0 {
            let atOnce = Double(perRank) / Double(passes)
            let needed =
                forward(tokens).dropFirst().map { ($0.gather - $0.decode) * atOnce / max($0.compute, 1e-12) }.max() ?? 1
            microBatchesThatHideGathers = max(1, Int(min(needed, 1e9).rounded(.up)))
        }
    }

    private struct Visit {
        var compute, decode, gather: Double
    }

    private static func waiting(_ visits: [Visit], prefetches: Bool) -> Double {
        guard prefetches else { return visits.reduce(0) { $0 + $1.gather } }
        var waited = visits.first?.gather ?? 0
        for (visit, next) in zip(visits, visits.dropFirst()) {
            waited += max(0, next.gather - visit.compute - visit.decode)
        }
        return waited
    }

    private static func gatherSeconds(_ bytes: Int, _ cluster: PlanRequest.Cluster) -> Double {
        guard cluster.ranks > 1 else { return 0 }
        let others = Double(cluster.ranks - 1)
        let latency = (cluster.hosts > 1 ? cluster.latencySeconds : 0) + PlannedRate.ringPollSeconds
        return Double(bytes) * others / Double(cluster.ranks) / bytesPerSecond(cluster) + others * latency
    }

    private static func reductionSeconds(
        _ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement
    ) -> Double {
        let cluster = request.cluster
        guard cluster.ranks > 1 else { return 0 }
        let traffic = PlannedTraffic(request, placement: placement)
        let bytes = cluster.hosts > 1 ? traffic.reductionBytesPerHost : traffic.reductionBytesPerRank
        let latency = cluster.hosts > 1 ? 2 * Double(cluster.ranks - 1) * cluster.latencySeconds : 0
        return Double(bytes) / bytesPerSecond(cluster) + latency
    }

    private static func bytesPerSecond(_ cluster: PlanRequest.Cluster) -> Double {
        cluster.hosts > 1
            ? cluster.networkBytesPerSecond * PlannedRate.networkEfficiency : PlannedRate.sharedMemoryBytesPerSecond
    }
}
