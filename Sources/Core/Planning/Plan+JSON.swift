public import CatenaFiles

extension Plan {
    /// The plan with all its numbers; memory under every placement.
    public var json: JSONValue {
        let onHost = request.cluster.ranksPerHost
        var memories: [String: JSONValue] = [:]
        let only = PlacementChoice(request.baseFormat)?.placement
        for placement in RunConfiguration.DistributedSection.Placement.allCases
        where placement != .auto && (only == nil || only == placement) {
            memories[placement.rawValue] = PlannedMemory(request, placement: placement).json(ranksPerHost: onHost)
        }
        return [
            "model": [
                "parameters": .integer(Int64(request.inventory.parameterCount)),
                "trainable_parameters": .integer(Int64(request.inventory.trainableElements)),
                "stored_bytes": .integer(Int64(request.inventory.matrices.storedBytes)),
            ],
            "cluster": clusterJSON,
            "step": [
                "micro_batches": .integer(Int64(request.work.microBatches)),
                "micro_batches_per_rank": .integer(Int64(request.microBatchesPerRank)),
                "tokens": .integer(Int64(request.work.stepTokens)),
            ],
            "base_storage": .string(request.baseFormat.storage.rawValue),
            "base_compute": .string(request.baseFormat.compute.rawValue),
            "placement": .string(placement.rawValue), "reason": .string(reason),
            "fits": .bool(fits), "missing_bytes": .integer(Int64(missingBytes)),
            "memory": memory.json(ranksPerHost: onHost), "memory_by_placement": .object(memories),
            "traffic": [
                "gathers": .integer(Int64(traffic.gathers)),
                "gather_bytes_per_rank": .integer(Int64(traffic.gatherBytesPerRank)),
                "gather_bytes_per_host": .integer(Int64(traffic.gatherBytesPerHost)),
                "reduction_bytes_per_rank": .integer(Int64(traffic.reductionBytesPerRank)),
                "reduction_bytes_per_host": .integer(Int64(traffic.reductionBytesPerHost)),
            ],
            "time": [
                "compute_seconds": .double(time.computeSeconds), "gather_seconds": .double(time.gatherSeconds),
                "gather_wait_seconds": .double(time.gatherWaitSeconds),
                "reduction_seconds": .double(time.reductionSeconds), "step_seconds": .double(time.stepSeconds),
                "micro_batches_that_hide_gathers": time.microBatchesThatHideGathers.map { .integer(Int64($0)) }
                    ?? .null,
            ],
            "tokens_per_second": .double(tokensPerSecond), "bottleneck": .string(bottleneck.rawValue),
            "advice": .array(advice.map { .string($0) }),
        ]
    }

    private var clusterJSON: JSONValue {
        let cluster = request.cluster
        return [
            "ranks": .integer(Int64(cluster.ranks)), "hosts": .integer(Int64(cluster.hosts)),
            "memory_bytes_per_host": .integer(Int64(cluster.memoryBytesPerHost)),
            "usable_bytes_per_host": .integer(Int64(Plan.usableBytes(cluster.memoryBytesPerHost))),
            "cores_per_host": .integer(Int64(cluster.coresPerHost)), "cores_per_rank": .double(cluster.coresPerRank),
            "gigaflops_per_core": .double(cluster.gigaflopsPerCore),
            "network_bytes_per_second": .double(cluster.networkBytesPerSecond),
            "latency_seconds": .double(cluster.latencySeconds),
        ]
    }
}

extension PlannedMemory {
    fileprivate func json(ranksPerHost: Int) -> JSONValue {
        [
            "weight_bytes": .integer(Int64(weightBytes)), "shared_weight_bytes": .integer(Int64(sharedWeightBytes)),
            "gather_bytes": .integer(Int64(gatherBytes)), "activation_bytes": .integer(Int64(activationBytes)),
            "trainable_bytes": .integer(Int64(trainableBytes)), "adapter_bytes": .integer(Int64(adapterBytes)),
            "program_bytes": .integer(Int64(programBytes)),
            "rank_bytes": .integer(Int64(rankBytes)), "host_bytes": .integer(Int64(hostBytes(ranks: ranksPerHost))),
        ]
    }
}
