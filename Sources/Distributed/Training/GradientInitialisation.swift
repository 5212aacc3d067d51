import CatenaAdapters
import CatenaLearning
import CatenaEngine
package import CatenaModels

/// Sets the first values of adapters that are made from the gradient of the loss by their matrices.
///
/// All processes go through the blocks together, each with its share of the micro-batches. When the backward pass leaves a block,
/// its gradients are added over processes in the tree of `ReductionTree`, the block's matrices are dealt out, each is decomposed by
/// one process which sends the factors to the others, and the gradients are dropped. The bits of the factors do not depend on
/// the number of processes or the placement of the weights.
final class GradientInitialisation {
    private let model: LanguageModel
    private let objective: any Objective
    private let communicator: any Communicator
    private let reducer: GradientReducer
    /// Steps that were done before.
    private let step: Int
    private let linears: [Linear]
    private let adapters: [ObjectIdentifier: any GradientInitialised]
    private var share = 0..<0
    private var begun: Int?
    private var dealtCount = 0
    /// Of this process's own work; the others hear of it in the end.
    private var failure: (any Error)?
    /// After it no collective can follow.
    private var communicationFailure: (any Error)?

    init(model: LanguageModel, objective: any Objective, step: Int, communicator: any Communicator) {
        (self.model, self.objective) = (model, objective)
        self.step = step
        self.communicator = communicator
        linears = model.gradientInitialisedLinears
        let pairs = linears.compactMap { linear in
            (linear.adapter as? any GradientInitialised).map { (ObjectIdentifier(linear), $0) }
        }
        adapters = Dictionary(uniqueKeysWithValues: pairs)
        reducer = GradientReducer(communicator: communicator, parameterCount: 0, scalarCount: 1, mode: .reproducible)
    }

    /// Collective: `input` makes the micro-batch with a global index below `microBatchCount`.
    func run(microBatchCount: Int, input: (Int) -> Batch) throws {
        guard !linears.isEmpty else { return }
        share = ReductionTree.share(of: microBatchCount, rank: communicator.rank, size: communicator.size)
        let pass = WeightGradientPass(model: model, objective: objective, linears: linears)
        try pass.run(share.map(input)) { [self] block, index, weight in
            guard communicationFailure == nil else { return }
            begin(block, microBatchCount: microBatchCount)
            unsafe reducer.add(
                microBatch: share.lowerBound + index, gradient: block.gradients.pointer, scalars: [weight])
        } finished: { [self] block in
            guard communicationFailure == nil else { return }
            begin(block, microBatchCount: microBatchCount)
            do {
                try finish(block)
            } catch {
                communicationFailure = error
            }
        }
        if let communicationFailure { throw communicationFailure }
        try communicator.agree("initialise the adapter from gradients") { if let failure { throw failure } }
    }

    /// Makes the reduction ready for a block, at its first micro-batch or, without one, at its end.
    private func begin(_ block: WeightGradientPass.Block, microBatchCount: Int) {
        guard begun != block.layer else { return }
        begun = block.layer
        reducer.resize(parameterCount: block.gradients.count)
        reducer.begin(microBatchCount: microBatchCount)
    }

    /// Collective: sums a block's gradients and sets the values of its adapters.
    private func finish(_ block: WeightGradientPass.Block) throws(CommunicatorError) {
        let reduced = unsafe try reducer.finish(into: block.gradients.pointer)
        let first = dealtCount
        for (linear, gradient) in zip(block.linears, block.matrices) {
            defer { dealtCount += 1 }
            guard dealtCount % communicator.size == communicator.rank, failure == nil else { continue }
            do {
                guard reduced.scalars[0] > 0 else { throw TrainingError.nothingSupervised(step: step + 1) }
                try adapters[ObjectIdentifier(linear)]?.initialise(
                    fromGradient: gradient, weight: { linear.currentWeight(model.engine.memory) }, engine: model.engine)
            } catch {
                failure = error
            }
        }
        for (index, linear) in block.linears.enumerated() {
            for value in adapters[ObjectIdentifier(linear)]?.initialisedValues ?? [] {
                try communicator.broadcast(value, from: (first + index) % communicator.size)
            }
        }
    }
}

extension LanguageModel {
    /// Collective: sets the first values of the adapters that are made from gradients; nothing if there are none.
    ///
    /// - Parameters:
    ///   - step: how many steps were done before.
    ///   - input: the micro-batch with a global index below `microBatchCount`; asked for this process's share only.
    package func initialiseFromGradients(
        _ communicator: any Communicator, objective: any Objective = NextToken(), step: Int, microBatchCount: Int,
        input: (Int) -> Batch
    ) throws {
        try GradientInitialisation(model: self, objective: objective, step: step, communicator: communicator).run(
            microBatchCount: microBatchCount, input: input)
    }
}
