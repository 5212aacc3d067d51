package import CatenaLearning
package import CatenaEngine
package import CatenaFiles
package import CatenaModels

/// A model whose frozen weights lie where the configuration says.
package final class PlacedModel {
    package let model: LanguageModel
    /// Where they lie.
    package let placement: RunConfiguration.DistributedSection.Placement
    /// Placement and why, in one line.
    package let explanation: String
    /// The files of the weights, kept mapped.
    package let mappedFiles: [MappedFile]
    private let sharded: ShardedWeights?

    /// Collective: loads the model of `files` on every process.
    ///
    /// - Throws: ``FileError``, ``ModelError`` or ``PlacementError``, on the lowest process that failed.
    package init(
        _ files: ModelFiles, choice: PlacementChoice, format: BaseFormat = .float32, prefetches: Bool, engine: Engine,
        communicator: any Communicator
    ) throws {
        mappedFiles = files.files.mappedFiles
        placement = choice.placement
        var details = choice.reason
        func load(_ weights: any WeightStore) throws -> LanguageModel {
            try communicator.agree("load the model") {
                try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
            }
        }
        switch choice.placement {
        case .auto, .replicated:
            sharded = nil
            model = try load(ReplicatedWeights(files, format: format, engine: engine))
        case .node:
            sharded = nil
            let weights = try NodeWeights(files: files, format: format, engine: engine, communicator: communicator)
            model = try load(weights)
            try weights.fill(communicator: communicator)
        case .sharded:
            let weights = ShardedWeights(files: files, format: format, engine: engine)
            model = try load(weights)
            let ring = try communicator.makeRing()
            try communicator.agree("read this process's part of the model") {
                try weights.readShards(ring: ring, prefetches: prefetches && communicator.allowsSeveralThreads)
            }
            sharded = weights
            details += "; a rank holds \(weights.shardBytes >> 20) MB and one block at a time"
            if prefetches, !communicator.allowsSeveralThreads {
                details += "; no prefetch, because MPI allows one thread only"
            }
        }
        // Each machine has its own copy of the files, unless they are too large for that.
        let isShared = choice.placement == .sharded
        try communicator.agree("check the model's numbers") {
            try files.requireFinite(
                part: isShared ? communicator.rank : communicator.hostRank,
                of: isShared ? communicator.size : communicator.hostSize, engine: engine)
        }
        files.describe(model)
        if format != .float32 { details += "; \(format.description)" }
        if format.compute == .int8, !Kernels.multipliesInt8Fast {
            details += "; slow, because this processor lacks AVX-512 VNNI"
        }
        explanation = "placement: \(choice.placement.rawValue) (\(details))"
        files.files.forgetPages()
    }

    /// What gathering has cost this process so far; nothing where weights are not gathered.
    package var traffic: GatherTraffic { sharded?.traffic ?? GatherTraffic() }

    /// Bytes of frozen matrices that this process has read, and that it keeps; 0 where the files are mapped.
    package var shard: (bytesRead: Int, bytesKept: Int) { (sharded?.bytesRead ?? 0, sharded?.shardBytes ?? 0) }
}
