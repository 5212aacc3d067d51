import CatenaLearning
import CatenaEngine
import CatenaModels

/// Runs this process's micro-batches of a step and hands their gradient sums to the reduction.
///
/// Micro-major: each micro-batch goes through the whole model before the next one. Layer-major: all of them go through a
/// block before the next block, which needs a gradient buffer for each but uses each block's weights only twice.
///
/// Where samples count by the losses of the whole step, those have to be known before the first gradient. Layer-major they are when all
/// micro-batches have reached the head. Micro-major all but the first of this process's go forward once more before the others, and that
/// first one waits at the head.
final class GradientAccumulator {
    private let objective: any Objective
    private let seed: UInt64
    private let model: LanguageModel
    private let data: PreparedDataset
    private let trained: Trained
    private let communicator: any Communicator
    private let reducer: GradientReducer
    private let pass: GradientPass
    private let isLayerMajor: Bool
    /// nil where all samples count alike.
    let weigher: SampleWeigher?
    private var microBatches: [Batch] = []
    /// What is trained; another one after a knot of a chain.
    private var parameters: ParameterSet
    /// One for each micro-batch that is under way.
    private var gradients: [Tensor]

    init(
        _ configuration: RunConfiguration, base: RunModel, data: PreparedDataset, trained: Trained,
        reducer: GradientReducer, communicator: any Communicator
    ) {
        (objective, seed) = (base.task.objective, UInt64(configuration.training.seed))
        (model, self.data, self.trained) = (base.model, data, trained)
        (self.reducer, self.communicator) = (reducer, communicator)
        weigher = SampleWeigher(configuration.training.sampleWeighting, communicator: communicator)
        isLayerMajor =
            switch configuration.distributed.accumulation {
            case .auto: base.placed.placement == .sharded
            case .microMajor: false
            case .layerMajor: true
            }
        // Activations of several micro-batches in all layers at once would take what layer-major order is to save.
        let recomputes = isLayerMajor || configuration.training.recompute == .blocks
        pass = GradientPass(
            model: model, objective: objective, recompute: recomputes ? .blocks : .none)
        parameters = trained.parameters
        gradients = [parameters.gradients]
    }

    /// Collective where weights are gathered. Returns what went wrong, so that all processes hear of it.
    ///
    /// - Throws: what kept a block's weights from coming.
    func run(_ plan: StepPlan, step: Int) throws -> TrainingError? {
        let share = reducer.begin(microBatchCount: plan.microBatches.count)
        if parameters !== trained.parameters {
            parameters = trained.parameters
            gradients = [parameters.gradients]
        }
        defer { parameters.accumulateGradients(in: gradients[0]) }
        weigher?.begin(step: step)
        if isLayerMajor { return try run(share, of: plan, step: step, counting) }
        // The others gather once more when they have a micro-batch more.
        let rounds = (plan.microBatches.count + communicator.size - 1) / communicator.size
        let isFetched = model.residency != nil
        if let weigher, weigher.isGlobal {
            return try runWeighed(share, of: plan, step: step, rounds: rounds, weigher)
        }
        var failure: TrainingError?
        for round in 0..<rounds where round < share.count || isFetched {
            failure = try run(microBatch(round, of: share), of: plan, step: step, counting) ?? failure
        }
        return failure
    }

    /// Micro-major, with samples that count by the losses of all processes.
    private func runWeighed(
        _ share: Range<Int>, of plan: StepPlan, step: Int, rounds: Int, _ weigher: SampleWeigher
    ) throws -> TrainingError? {
        let isFetched = model.residency != nil
        let later = share.dropFirst()
        var weighings: [Weighing] = []
        if !later.isEmpty || isFetched && rounds > 1 {
            weighings = try pass.weighings(fill(later, of: plan, step: step))
        }
        let first = microBatch(0, of: share)
        func count(_ own: [Weighing]) -> [Weighing] {
            let weighed = weigher.weigh(own + weighings)
            weighings = Array(weighed.dropFirst(own.count))
            return Array(weighed.prefix(own.count))
        }
        var failure: TrainingError?
        if first.isEmpty, !isFetched {
            _ = count([])
        } else {
            failure = try run(first, of: plan, step: step, .measured(count))
        }
        try weigher.requireHeard()
        for round in 1..<max(rounds, 1) where round < share.count || isFetched {
            let range = microBatch(round, of: share)
            let carried = range.map { weighings[$0 - later.startIndex] }
            failure = try run(range, of: plan, step: step, .carried, carried) ?? failure
        }
        return failure
    }

    /// What the samples of a pass count that has all there is to compare.
    private var counting: SampleCounting { weigher.map { .measured($0.weigh) } ?? .equally }

    /// The micro-batch of a round, or the empty range behind the share.
    private func microBatch(_ round: Int, of share: Range<Int>) -> Range<Int> {
        let start = min(share.lowerBound + round, share.upperBound)
        return start..<min(start + 1, share.upperBound)
    }

    /// The micro-batches `range` as the model takes them.
    private func fill(_ range: Range<Int>, of plan: StepPlan, step: Int) -> [Batch] {
        while microBatches.count < range.count { microBatches.append(Batch()) }
        for (slot, index) in range.enumerated() {
            microBatches[slot].fill(plan.microBatches[index], from: data)
            microBatches[slot].randomKey = RandomKey(seed: seed, step: step, microBatch: index)
        }
        return Array(microBatches.prefix(range.count))
    }

    /// The micro-batches `range`, all through each block.
    ///
    /// - Parameter carried: what their samples count, with `counting` that says so.
    private func run(
        _ range: Range<Int>, of plan: StepPlan, step: Int, _ counting: SampleCounting, _ carried: [Weighing] = []
    ) throws -> TrainingError? {
        var batches = fill(range, of: plan, step: step)
        for (slot, weighing) in carried.enumerated() { batches[slot].weighing = weighing }
        while gradients.count < range.count {
            gradients.append(model.engine.memory.tensor(rows: 1, columns: parameters.count))
        }
        for slot in batches.indices { gradients[slot].fill(0) }
        let losses = try pass.run(batches, counting: counting) { [parameters, gradients] in
            parameters.accumulateGradients(in: gradients[$0])
        }
        try weigher?.requireHeard()
        var failure: TrainingError?
        for (slot, index) in range.enumerated() {
            let (loss, gradient) = (losses[slot], gradients[slot])
            parameters.accumulateGradients(in: gradient)
            failure = failure ?? notFinite(loss.sum, microBatch: index, step: step)
            unsafe reducer.add(
                microBatch: index, gradient: gradient.pointer,
                scalars: StepSums(loss, tokens: batches[slot].tokenCount, objective: objective).scalars)
        }
        return failure
    }

    private func notFinite(_ loss: Double, microBatch: Int, step: Int) -> TrainingError? {
        func error(_ tensor: String) -> TrainingError {
            .notFinite(step: step + 1, processRank: communicator.rank, microBatch: microBatch, tensor: tensor)
        }
        guard loss.isFinite else { return error("the loss") }
        let threads = model.engine.threads
        guard unsafe Kernels.hasNonFinite(threads, x: parameters.gradients.pointer, count: parameters.count) else {
            return nil
        }
        for (index, parameter) in parameters.parameters.enumerated() {
            let gradient = parameters.gradient(of: index)
            if unsafe Kernels.hasNonFinite(threads, x: gradient.pointer, count: gradient.count) {
                return error("the gradient of \(parameter.name)")
            }
        }
        return error("a gradient")
    }
}
