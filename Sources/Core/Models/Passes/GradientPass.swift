import CatenaEngine

/// Forward and backward passes of micro-batches through all blocks.
///
/// Several micro-batches go *layer-major*: all of them through one block before the next one. The frozen matrices of a
/// block are then needed twice (forward, backward) whatever the number of micro-batches, which matters where they have to
/// be fetched. The sums of each micro-batch are the same bits as when it goes alone.
public struct GradientPass {
    /// What is kept between the forward and the backward pass.
    public enum Recompute: String, Sendable, CaseIterable {
        /// All activations: fastest.
        case none
        /// Only each layer's input; the layer runs again in the backward pass: least memory.
        case blocks
    }

    /// What of the blocks' backward pass has just been done.
    public enum Progress: Sendable {
        /// A micro-batch went through a block; `weight` is that of its loss.
        case microBatch(Int, block: BlockID, weight: Double)
        /// All micro-batches did.
        case block(BlockID)
    }

    let model: LanguageModel
    let objective: any Objective
    private let recompute: Recompute
    private let route: BlockRoute

    /// A pass over `model` whose trainable tensors are already bound.
    ///
    /// - Parameter inputs: what of the pass's own input is differentiated by too; see ``Loss/inputGradients``.
    public init(
        model: LanguageModel, objective: any Objective, recompute: Recompute = .none,
        wanting inputs: Set<StreamName> = []
    ) {
        self.model = model
        self.objective = objective
        self.recompute = recompute
        route = BlockRoute(model.blocks, wanting: inputs)
    }

    /// The blocks that one pass visits, in order, after those of the objective's reference: all forward, and backward those down to the lowest with something to learn.
    public var visits: [BlockID] { route.visits }

    /// Adds the gradients of the loss *sum* of each micro-batch and returns the losses. Announces and visits every
    /// block, also without micro-batches, so that processes with fewer of them stay in step with the others.
    ///
    /// - Parameters:
    ///   - counting: what the samples of the micro-batches count.
    ///   - select: called with a micro-batch's index before its gradients are added: points the parameters' gradients to where they
    ///     belong.
    ///   - progress: called in the backward pass, while the block's matrices are at hand.
    /// - Throws: ``ModelError/wrongTask(_:needed:)`` for an objective of another kind of head; what kept a block's matrices from coming.
    package func run(
        _ batches: [Batch], counting: SampleCounting, select: @escaping (Int) -> Void,
        progress: @escaping (Progress) -> Void = { _ in }
    ) throws -> [Loss] {
        try model.head.requireDemand(of: objective)
        if counting.needsReference { model.announceReference(for: objective) }
        model.residency?.announce(visits)
        return try run(batches, counting, select: select, progress: progress) { block, body in
            try model.visit(block, body)
        }
    }

    /// The same with samples that count equally.
    public func run(
        _ batches: [Batch], select: @escaping (Int) -> Void, progress: @escaping (Progress) -> Void = { _ in }
    ) throws -> [Loss] {
        try run(batches, counting: .equally, select: select, progress: progress)
    }

    /// The same for one micro-batch of a model whose matrices are all at hand.
    public func run(_ batch: Batch) -> Loss {
        precondition(model.residency == nil, "the matrices of this model have to be fetched")
        return run([batch], .equally, select: { _ in }, progress: { _ in }) { _, body in body() }[0]
    }

    private func run(
        _ batches: [Batch], _ counting: SampleCounting, select: @escaping (Int) -> Void,
        progress: @escaping (Progress) -> Void,
        visit: (BlockID, () -> Void) throws -> Void
    ) rethrows -> [Loss] {
        let batches =
            counting.needsReference ? try model.withReference(batches, for: objective, visit: visit) : batches
        var (values, recorded) = try forward(batches, goesBack: true, visit: visit)
        var losses: [Loss] = []
        try visit(.head) {
            losses = judge(values, of: batches, counting, select: select) { index, loss in
                progress(.microBatch(index, block: .head, weight: loss.weight))
            }
            progress(.block(.head))
        }
        values.removeAll()
        var gradients = losses.indices.map { index in
            losses[index].takeHiddenGradient().map { [StreamName.hidden: $0] } ?? [:]
        }
        while let (stop, passes) = recorded.popLast() {
            let block = stop.block.id
            func backward() {
                for (index, pass) in passes.enumerated() {
                    select(index)
                    pass.backward(&gradients[index], of: batches[index], engine: model.engine)
                    progress(.microBatch(index, block: block, weight: losses[index].weight))
                }
                progress(.block(block))
            }
            if stop.block.keepsItsTape { backward() } else { try visit(block, backward) }
        }
        for index in losses.indices { losses[index].inputGradients = gradients[index] }
        return losses
    }

    /// What the last block hands to the head, and, where the pass goes back, the blocks on the way with what they keep.
    func forward(
        _ batches: [Batch], goesBack: Bool, visit: (BlockID, () -> Void) throws -> Void
    ) rethrows -> (values: [[StreamName: Tensor]], recorded: [(stop: BlockRoute.Stop, passes: [BlockPass])]) {
        let engine = model.engine
        if let longest = batches.map(\.tokenCount).max() { engine.memory.expectTokens(longest) }
        var values = batches.map { $0.inputs(engine.memory) }
        var recorded: [(stop: BlockRoute.Stop, passes: [BlockPass])] = []
        recorded.reserveCapacity(route.stops.count)
        for stop in route.stops {
            let passes = values.map { BlockPass(stop, reading: $0) }
            let isRecorded = goesBack && stop.isRecorded
            let keeps = isRecorded && (recompute == .none || stop.block.keepsItsTape)
            try visit(stop.block.id) {
                for (index, batch) in batches.enumerated() {
                    passes[index].forward(batch, engine: engine, keep: keeps, into: &values[index])
                }
            }
            if isRecorded { recorded.append((stop, passes)) }
        }
        return (values, recorded)
    }
}
