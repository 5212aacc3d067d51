import CatenaReporting

/// What to change about a plan, one sentence each.
enum PlanAdvice {
    /// In order of importance; empty where nothing stands out.
    static func lines(_ plan: Plan) -> [String] { fit(plan) + work(plan) + network(plan) }

    private static func fit(_ plan: Plan) -> [String] {
        guard !plan.fits else { return [] }
        let request = plan.request
        var lines: [String] = []
        let mayShare = !request.trainsAll
        if plan.placement != .sharded, mayShare, fits(request, placement: .sharded) {
            lines.append("use placement sharded: it fits")
        }
        if mayShare, let hosts = hostsThatFit(request), hosts > request.cluster.hosts {
            lines.append(
                "use \(hosts) hosts with \(request.cluster.ranksPerHost == 1 ? "one rank" : "\(request.cluster.ranksPerHost) ranks") "
                    + "each and the same step: sharded then fits")
        }
        if request.cluster.ranksPerHost > 1 {
            var fewer = request
            fewer.cluster.ranks = request.cluster.hosts
            if fits(fewer, placement: plan.placement) {
                lines.append("start one rank on each host, with all its cores: it then fits")
            }
        }
        if let sequences = microBatchThatFits(request, placement: plan.placement) {
            lines.append("use micro-batch \(sequences) and more micro-batches: it then fits")
        }
        if !request.recomputesBlocks(plan.placement) {
            var again = request
            again.work.recomputesBlocks = true
            if fits(again, placement: plan.placement) { lines.append("set training.recompute: blocks: it then fits") }
        }
        let bytes = plan.memory.hostBytes(ranks: request.cluster.ranksPerHost)
        let needed = Int((Double(bytes) / PlacementChoice.usableFraction).rounded(.up))
        lines.append("or hosts with \(SizeText.bytes(needed)) of memory")
        return lines
    }

    private static func work(_ plan: Plan) -> [String] {
        let (batches, ranks) = (plan.request.work.microBatches, plan.request.cluster.ranks)
        if batches < ranks {
            return [
                "only \(batches) of \(ranks) ranks have work: make the global batch at least \(ranks) micro-batches"
            ]
        }
        guard batches % ranks != 0 else { return [] }
        return ["\(batches) micro-batches do not divide by \(ranks) ranks: some wait while others compute"]
    }

    private static func network(_ plan: Plan) -> [String] {
        let request = plan.request
        switch plan.bottleneck {
        case .compute, .memory:
            return []
        case .reduction:
            return [
                "make the step larger (more micro-batches to a reduction), lower the adapter's rank, or use a faster network"
            ]
        case .gather:
            guard request.isLayerMajor(plan.placement) else {
                return [
                    "use accumulation layer-major: two gathers of a layer in a step instead of two in a micro-batch"
                ]
            }
            guard let count = plan.time.microBatchesThatHideGathers, count > request.microBatchesPerRank else {
                return ["the gathers of embedding and head are not hidden: use a larger micro-batch"]
            }
            var larger = request
            larger.work.microBatches = count * request.cluster.ranks
            let batch = larger.work.microBatches * request.work.microBatchSequences
            let room =
                fits(larger, placement: plan.placement)
                ? "which fits" : "which does not fit the memory: use more hosts, or a faster network"
            return [
                "from \(count) micro-batches a rank on (now \(request.microBatchesPerRank); a global batch of \(batch) "
                    + "sequences) computing hides the gathers, \(room)"
            ]
        }
    }

    private static func fits(
        _ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement
    ) -> Bool {
        PlannedMemory(request, placement: placement).hostBytes(ranks: request.cluster.ranksPerHost)
            <= Plan.usableBytes(request.cluster.memoryBytesPerHost)
    }

    /// The fewest hosts, each with as many ranks as now, on which the same step fits when sharded.
    private static func hostsThatFit(_ request: PlanRequest) -> Int? {
        func fitsOn(_ hosts: Int) -> Bool {
            var larger = request
            larger.cluster.ranks = hosts * request.cluster.ranksPerHost
            larger.cluster.hosts = hosts
            return fits(larger, placement: .sharded)
        }
        var (low, high) = (request.cluster.hosts, request.cluster.hosts)
        while !fitsOn(high) {
            guard high < 1 << 16 else { return nil }
            (low, high) = (high, 2 * high)
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            if fitsOn(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// The largest smaller micro-batch, a half or a quarter and so on, with which the same step fits.
    private static func microBatchThatFits(
        _ request: PlanRequest, placement: RunConfiguration.DistributedSection.Placement
    ) -> Int? {
        var smaller = request
        while smaller.work.microBatchSequences > 1 {
            let total = smaller.work.microBatches * smaller.work.microBatchSequences
            smaller.work.microBatchSequences /= 2
            smaller.work.microBatches = total / smaller.work.microBatchSequences
            if fits(smaller, placement: placement) { return smaller.work.microBatchSequences }
        }
        return nil
    }
}

extension Plan {
    /// What to change, one sentence each, in order of importance.
    package var advice: [String] { PlanAdvice.lines(self) }
}
