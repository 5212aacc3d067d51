import CatenaCore

/// A fixed micro-batch on which the loss is compared before and after a knot: the first validation examples, or the first
/// training examples where there is no validation.
final class ProbeBatch {
    private let model: LanguageModel
    private var batch = MicroBatch()

    init(_ setup: TrainingSetup) {
        model = setup.model
        let data = setup.validation ?? setup.training
        var count = min(setup.configuration.training.microBatch, data.count)
        repeat {
            batch.fill(MicroBatchPlan(globalIndex: 0, rows: [Array(0..<count)]), from: data)
            count += 1
        } while batch.supervisedCount == 0 && count <= data.count
    }

    /// The mean loss, without dropout. Every process computes it, at the same time: where the frozen weights are spread over
    /// processes, a forward pass needs all of them.
    func loss() throws -> Double {
        let loss = try model.losses([ModelInput(batch)])[0]
        return loss.sum / max(loss.weight, 1)
    }
}
