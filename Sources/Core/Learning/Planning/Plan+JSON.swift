package import CatenaFiles
import CatenaModels

extension Plan {
    /// The plan with all its numbers; memory under every placement.
    package var json: JSONValue {
        let onHost = request.cluster.ranksPerHost
        var memories: JSONObject = [:]
        for placement in RunConfiguration.DistributedSection.Placement.allCases
        where placement != .auto {
            memories[placement.rawValue] = PlannedMemory(request, placement: placement).json(ranksPerHost: onHost)
        }
        return [
            "model": [
                "parameters": .integer(request.inventory.parameterCount),
                "trainable_parameters": .integer(request.inventory.trainableElements),
                "stored_bytes": .integer(request.inventory.matrices.storedBytes),
            ],
            "cluster": clusterJSON,
            "step": [
                "micro_batches": .integer(request.work.microBatches),
                "micro_batches_per_rank": .integer(request.microBatchesPerRank),
                "tokens": .integer(request.work.stepTokens),
            ],
            "base_storage": .string(request.baseFormat.storage.rawValue),
            "base_compute": .string(request.baseFormat.compute.rawValue),
            "placement": .string(placement.rawValue), "reason": .string(reason),
            "fits": .bool(fits), "missing_bytes": .integer(missingBytes),
            "memory": memory.json(ranksPerHost: onHost), "memory_by_placement": .object(memories),
            "traffic": [
                "gathers": .integer(traffic.gathers),
                "gather_bytes_per_rank": .integer(traffic.gatherBytesPerRank),
                "gather_bytes_per_host": .integer(traffic.gatherBytesPerHost),
                "reduction_bytes_per_rank": .integer(traffic.reductionBytesPerRank),
                "reduction_bytes_per_host": .integer(traffic.reductionBytesPerHost),
            ],
            "time": [
                "compute_seconds": .number(time.computeSeconds), "gather_seconds": .number(time.gatherSeconds),
                "gather_wait_seconds": .number(time.gatherWaitSeconds),
                "reduction_seconds": .number(time.reductionSeconds), "step_seconds": .number(time.stepSeconds),
                "micro_batches_that_hide_gathers": time.microBatchesThatHideGathers.map { .integer($0) }
                    ?? .null,
            ],
            "tokens_per_second": .number(tokensPerSecond), "bottleneck": .string(bottleneck.rawValue),
            "advice": .array(advice.map { .string($0) }),
        ]
    }

    private var clusterJSON: JSONValue {
        let cluster = request.cluster
        return [
            "ranks": .integer(cluster.ranks), "hosts": .integer(cluster.hosts),
            "memory_bytes_per_host": .integer(cluster.memoryBytesPerHost),
            "usable_bytes_per_host": .integer(Plan.usableBytes(cluster.memoryBytesPerHost)),
            "cores_per_host": .integer(cluster.coresPerHost), "cores_per_rank": .number(cluster.coresPerRank),
            "gigaflops_per_core": .number(cluster.gigaflopsPerCore),
            "network_bytes_per_second": .number(cluster.networkBytesPerSecond),
            "latency_seconds": .number(cluster.latencySeconds),
        ]
    }
}

extension PlannedMemory {
    fileprivate func json(ranksPerHost: Int) -> JSONValue {
        [
            "weight_bytes": .integer(weightBytes), "shared_weight_bytes": .integer(sharedWeightBytes),
            "gather_bytes": .integer(gatherBytes), "activation_bytes": .integer(activationBytes),
            "trainable_bytes": .integer(trainableBytes), "adapter_bytes": .integer(adapterBytes),
            "program_bytes": .integer(programBytes),
            "rank_bytes": .integer(rankBytes), "host_bytes": .integer(hostBytes(ranks: ranksPerHost)),
        ]
    }
}
