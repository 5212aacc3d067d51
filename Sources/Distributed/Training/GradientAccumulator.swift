import CatenaLearning
import CatenaEngine
import CatenaModels

/// Runs this process's micro-batches of a step and hands their gradient sums to the reduction.
///
/// Micro-major: each micro-batch goes through the whole model before the next one. Layer-major: all of them go through a
/// block before the next block, which needs a gradient buffer for each but uses each block's weights only twice.
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
        if isLayerMajor { return try run(share, of: plan, step: step) }
        var failure: TrainingError?
        for index in share {
            failure = try run(index..<index + 1, of: plan, step: step) ?? failure
        }
        // The others gather once more when they have a micro-batch more.
        let rounds = (plan.microBatches.count + communicator.size - 1) / communicator.size
        for _ in share.count..<rounds where model.residency != nil {
            failure = try run(share.upperBound..<share.upperBound, of: plan, step: step) ?? failure
        }
        return failure
    }

    /// The micro-batches `range`, all through each block.
    private func run(_ range: Range<Int>, of plan: StepPlan, step: Int) throws -> TrainingError? {
        while microBatches.count < range.count { microBatches.append(Batch()) }
        while gradients.count < range.count {
            gradients.append(model.engine.memory.tensor(rows: 1, columns: parameters.count))
        }
        for (slot, index) in range.enumerated() {
            microBatches[slot].fill(plan.microBatches[index], from: data)
            microBatches[slot].randomKey = RandomKey(
                seed: seed, step: step, microBatch: index)
            gradients[slot].fill(0)
        }
        let losses = try pass.run(Array(microBatches.prefix(range.count))) { [parameters, gradients] in
            parameters.accumulateGradients(in: gradients[$0])
        }
        var failure: TrainingError?
        for (slot, index) in range.enumerated() {
            let (loss, gradient) = (losses[slot], gradients[slot])
            parameters.accumulateGradients(in: gradient)
            failure = failure ?? notFinite(loss.sum, microBatch: index, step: step)
            unsafe reducer.add(
                microBatch: index, gradient: gradient.pointer,
                scalars: StepSums(loss, tokens: microBatches[slot].tokenCount, objective: objective).scalars)
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
