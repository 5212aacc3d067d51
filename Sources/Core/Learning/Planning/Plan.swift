/// What a training run would need and do on a cluster that may not be there: memory, traffic, time, and what limits it.
package struct Plan: Sendable {
    /// What limits the run.
    package enum Bottleneck: String, Sendable, CaseIterable {
        case compute
        case gather = "network of the gather"
        case reduction = "network of the reduction"
        case memory
    }

    /// What was asked.
    package let request: PlanRequest
    /// Where the weights would live; never `auto`.
    package let placement: RunConfiguration.DistributedSection.Placement
    /// Why there, or why nowhere.
    package let reason: String
    /// Memory under that placement.
    package let memory: PlannedMemory
    /// Traffic of a step.
    package let traffic: PlannedTraffic
    /// Time of a step.
    package let time: PlannedTime
    /// What limits the run.
    package let bottleneck: Bottleneck
    /// Bytes by which a host has too little; 0 if the run fits.
    package let missingBytes: Int

    /// Memory that all ranks of a host may use.
    package static func usableBytes(_ available: Int) -> Int { Int(PlacementChoice.usableFraction * Double(available)) }

    /// Plans `request`.
    package init(_ request: PlanRequest) {
        let onHost = request.cluster.ranksPerHost
        func bytes(_ placement: RunConfiguration.DistributedSection.Placement) -> Int {
            PlannedMemory(request, placement: placement).hostBytes(ranks: onHost)
        }
        let available = request.cluster.memoryBytesPerHost
        if request.placement == .auto {
            do throws(PlanningError) {
                let choice = try PlacementChoice.choose(
                    replicatedBytesPerHost: bytes(.replicated), nodeBytesPerHost: bytes(.node),
                    // A model that is trained as a whole has nothing frozen to share out.
                    shardedBytesPerHost: bytes(request.trainsAll ? .replicated : .sharded),
                    availableBytesPerHost: available, ranksPerHost: onHost)
                (placement, reason) = (choice.placement, choice.reason)
            } catch {
                (placement, reason) = (request.trainsAll ? .replicated : .sharded, "no placement fits")
            }
        } else {
            (placement, reason) = (request.placement, "as asked")
        }
        self.request = request
        memory = PlannedMemory(request, placement: placement)
        traffic = PlannedTraffic(request, placement: placement)
        time = PlannedTime(request, placement: placement)
        missingBytes = max(0, memory.hostBytes(ranks: onHost) - Self.usableBytes(available))
        bottleneck = Self.bottleneck(time, fits: missingBytes == 0, prefetches: request.prefetches)
    }

    /// Whether a host's ranks fit the usable part of its memory.
    package var fits: Bool { missingBytes == 0 }

    /// Tokens of all ranks in a second.
    package var tokensPerSecond: Double { Double(request.work.stepTokens) / max(time.stepSeconds, 1e-12) }

    /// The longest of the parts that run one after the other; with prefetch, gathers run beside the computation.
    private static func bottleneck(_ time: PlannedTime, fits: Bool, prefetches: Bool) -> Bottleneck {
        guard fits else { return .memory }
        let parts: [(Bottleneck, Double)] = [
            (.compute, time.computeSeconds), (.gather, time.gatherSeconds), (.reduction, time.reductionSeconds),
        ]
        return parts.max { $0.1 < $1.1 }?.0 ?? .compute
    }
}
