import CatenaCore
import CatenaEngine

/// Runs this process's micro-batches of a step and hands their gradient sums to the reduction.
///
/// Micro-major: each micro-batch goes through the whole model before the next one. Layer-major: all of them go through a
/// block before the next block, which needs a gradient buffer for each but uses each block's weights only twice.
final class GradientAccumulator {
    private let setup: TrainingSetup
    private let reducer: GradientReducer
    private let pass: GradientPass
    private let isLayerMajor: Bool
    private var microBatches: [Batch] = []
    /// What is trained; another one after a knot of a chain.
    private var parameters: ParameterSet
    /// One for each micro-batch that is under way.
    private var gradients: [Tensor]

    init(setup: TrainingSetup, reducer: GradientReducer) {
        self.setup = setup
        self.reducer = reducer
        let configuration = setup.configuration
        isLayerMajor =
            switch configuration.distributed.accumulation {
            case .auto: setup.placed.placement == .sharded
            case .microMajor: false
            case .layerMajor: true
            }
        // Activations of several micro-batches in all layers at once would take what layer-major order is to save.
        let recomputes = isLayerMajor || configuration.training.recompute == .blocks
        pass = GradientPass(
            model: setup.model, objective: setup.objective, recompute: recomputes ? .blocks : .none)
        parameters = setup.parameters
        gradients = [parameters.gradients]
    }

    /// Collective where weights are gathered. Returns what went wrong, so that all processes hear of it.
    ///
    /// - Throws: what kept a block's weights from coming.
    func run(_ plan: StepPlan, step: Int) throws -> TrainingError? {
        let share = reducer.begin(microBatchCount: plan.microBatches.count)
        if parameters !== setup.parameters {
            parameters = setup.parameters
            gradients = [parameters.gradients]
        }
        defer { parameters.accumulateGradients(in: gradients[0]) }
        if isLayerMajor { return try run(share, of: plan, step: step) }
        var failure: TrainingError?
        for index in share {
            failure = try run(index..<index + 1, of: plan, step: step) ?? failure
        }
        // The others gather once more when they have a micro-batch more.
        let rounds = (plan.microBatches.count + setup.communicator.size - 1) / setup.communicator.size
        for _ in share.count..<rounds where setup.model.residency != nil {
            failure = try run(share.upperBound..<share.upperBound, of: plan, step: step) ?? failure
        }
        return failure
    }

    /// The micro-batches `range`, all through each block.
    private func run(_ range: Range<Int>, of plan: StepPlan, step: Int) throws -> TrainingError? {
        while microBatches.count < range.count { microBatches.append(Batch()) }
        while gradients.count < range.count {
            gradients.append(setup.engine.memory.tensor(rows: 1, columns: parameters.count))
        }
        for (slot, index) in range.enumerated() {
            microBatches[slot].fill(plan.microBatches[index], from: setup.training)
            microBatches[slot].randomKey = RandomKey(
                seed: UInt64(setup.configuration.training.seed), step: step, microBatch: index)
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
            reducer.add(
                microBatch: index, gradient: gradient.pointer,
                scalars: StepSums(loss, tokens: microBatches[slot].tokenCount, objective: setup.objective).scalars)
        }
        return failure
    }

    private func notFinite(_ loss: Double, microBatch: Int, step: Int) -> TrainingError? {
        func error(_ tensor: String) -> TrainingError {
            .notFinite(step: step + 1, processRank: setup.communicator.rank, microBatch: microBatch, tensor: tensor)
        }
        guard loss.isFinite else { return error("the loss") }
        let threads = setup.engine.threads
        guard Kernels.hasNonFinite(threads, x: parameters.gradients.pointer, count: parameters.count) else {
            return nil
        }
        for (index, parameter) in parameters.parameters.enumerated() {
            let gradient = parameters.gradient(of: index)
            if Kernels.hasNonFinite(threads, x: gradient.pointer, count: gradient.count) {
                return error("the gradient of \(parameter.name)")
            }
        }
        return error("a gradient")
    }
}
