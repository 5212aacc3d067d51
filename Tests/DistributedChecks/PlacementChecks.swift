import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaModels

/// Losses and gradients of three micro-batches through a placed model.
private struct Outcome: Equatable {
    var losses: [Double] = []
    var gradients: [[Float]] = []
    var gathers = 0

    static func == (left: Outcome, right: Outcome) -> Bool {
        left.losses == right.losses && left.gradients == right.gradients && !left.losses.isEmpty
    }
}

func placed(
    _ model: StoredModel, _ placement: RunConfiguration.DistributedSection.Placement, prefetch: Bool = true,
    format: BaseFormat = .float32, _ communicator: any Communicator
) throws -> PlacedModel {
    try PlacedModel(
        ModelFiles(modelAt: model.path), choice: PlacementChoice(placement: placement, reason: "checked"),
        format: format, prefetches: prefetch, engine: Engine(threads: 1), communicator: communicator)
}

func microBatches(_ count: Int) -> [Batch] {
    (0..<count).map { index in
        let ids = (0..<7 + index).map { Int32(($0 * 13 + index * 5) % 75) }
        return Batch(
            inputIds: ids, targets: ids.dropFirst() + [-100],
            layout: SequenceLayout(segmentStarts: [0, ids.count], positions: (0..<Int32(ids.count)).map { $0 }))
    }
}

/// `groups` are micro-batches that go layer-major together.
private func run(_ placed: PlacedModel, groups: [Int]) throws -> Outcome {
    let model = placed.model
    var section = AdapterSection()
    (section.rank, section.alpha, section.targets) = (4, 8, .allLinear)
    let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
    for index in 0..<set.count { set.values.pointer[index] += Float(index % 7) * 0.01 }
    var outcome = Outcome()
    var inputs = microBatches(groups.reduce(0, +))[...]
    let pass = GradientPass(model: model, recompute: .blocks)
    for count in groups {
        let buffers = (0..<count).map { _ in model.engine.memory.zeros(rows: 1, columns: set.count) }
        let losses = try pass.run(Array(inputs.prefix(count))) { set.accumulateGradients(in: buffers[$0]) }
        outcome.losses += losses.map(\.sum)
        outcome.gradients += buffers.map { $0.elements() }
        inputs = inputs.dropFirst(count)
    }
    outcome.losses += try model.losses(microBatches(2)).map(\.sum)
    outcome.gathers = placed.traffic.gathers
    return outcome
}

private func samePlacements(_ kind: String) -> Check {
    Check(name: "every placement gives the same losses and gradients, stored as \(kind)") {
        communicator, expectations in
        let model = try StoredModel(kind: kind, communicator: communicator)
        let expected = try run(placed(model, .replicated, communicator), groups: [1, 1, 1])
        for (name, groups) in [("micro-major", [1, 1, 1]), ("layer-major", [3]), ("in two groups", [2, 1])] {
            for prefetch in [true, false] {
                let found = try run(placed(model, .sharded, prefetch: prefetch, communicator), groups: groups)
                expectations.expect(found == expected, "sharded, \(name), prefetch \(prefetch): other bits")
            }
            let found = try run(placed(model, .node, communicator), groups: groups)
            expectations.expect(found == expected, "node, \(name): other bits")
        }
        try model.remove(communicator)
    }
}

private func samePlacements(_ kind: String, _ storage: BaseStorage, _ compute: BaseCompute) -> Check {
    Check(
        name: "\(storage.rawValue) weights multiplied in \(compute.rawValue) give the same bits under every placement, "
            + "stored as \(kind)"
    ) { communicator, expectations in
        guard let format = BaseFormat(storage: storage, compute: compute) else { return }
        let model = try StoredModel(kind: kind, communicator: communicator)
        let expected = try run(placed(model, .replicated, format: format, communicator), groups: [1, 2])
        let plain = try run(placed(model, .replicated, communicator), groups: [1, 2])
        let isExact = storage == .bfloat16 && kind != "float32 in shards"
        expectations.expect((plain.losses == expected.losses) == isExact, "beside float32's losses")
        for prefetch in [true, false] {
            let found = try run(
                placed(model, .sharded, prefetch: prefetch, format: format, communicator), groups: [1, 2])
            expectations.expect(found == expected, "sharded, prefetch \(prefetch): other bits")
        }
        let found = try run(placed(model, .node, format: format, communicator), groups: [1, 2])
        expectations.expect(found == expected, "node: other bits")
        try model.remove(communicator)
    }
}

private let formatChecks: [Check] = ["gguf q4_1", "float32 in shards"].flatMap { kind in
    [(.int8, .int8), (.int8, .float32), (.bfloat16, .float32)].map { samePlacements(kind, $0, $1) }
}

let placementChecks: [Check] =
    StoredModel.kinds.map { samePlacements($0) } + formatChecks + [
        Check(name: "a step gathers each layer twice, whatever the number of micro-batches") {
            communicator, expectations in
            let model = try StoredModel(kind: "bfloat16", communicator: communicator)
            // The embedding and the head once more, and one pass without gradients over all blocks.
            let expected = 2 * StoredModel.layerCount + 2 + StoredModel.layerCount + 2
            for count in [0, 1, 2, 5] {
                let gathers = try run(placed(model, .sharded, communicator), groups: [count]).gathers
                expectations.expect(gathers == expected, "\(gathers) gathers for \(count) micro-batches")
            }
            let gathers = try run(placed(model, .sharded, communicator), groups: [1, 1, 1]).gathers
            expectations.expect(
                gathers == 3 * (2 * StoredModel.layerCount + 2) + StoredModel.layerCount + 2,
                "\(gathers) gathers micro-major")
            try model.remove(communicator)
        },
        Check(name: "each rank reads and keeps only its own part of the matrices") { communicator, expectations in
            for kind in ["bfloat16", "gguf q4_1", "float32 in shards"] {
                let model = try StoredModel(kind: kind, communicator: communicator)
                let files = try WeightFiles.open(model.path)
                let all = files.tensors.values.filter { $0.shape.count > 1 }.reduce(0) { $0 + $1.byteCount }
                let shard = try placed(model, .sharded, communicator).shard
                let read = try communicator.allGather(Array(String(shard.bytesRead).utf8))
                    .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
                expectations.expect(read.reduce(0, +) == all, "\(kind): \(read) bytes were read of \(all)")
                let share = all / communicator.size
                expectations.expect(
                    abs(shard.bytesRead - share) <= 64 * (StoredModel.layerCount + 2),
                    "\(kind): \(shard.bytesRead) of \(share)")
                expectations.expect(shard.bytesKept >= shard.bytesRead, "\(kind): kept \(shard.bytesKept)")
                expectations.expect(shard.bytesKept <= share + share / 10 + 4096, "\(kind): kept \(shard.bytesKept)")
                try model.remove(communicator)
            }
        },
    ]
