import CatenaLearning
import CatenaModels

/// Fixed examples on which the loss is compared before and after a knot: the first ones of the validation data, or of the
/// training data where there is no validation.
///
/// There are as many as hold 256 supervised tokens, at most 16 micro-batches: over few tokens the rounding of float32 does not
/// average out.
final class ProbeBatch {
    private let model: LanguageModel
    private let objective: any Objective
    private var inputs: [Batch] = []
    private static let supervisedTokens = 256
    private static let microBatches = 16

    init(_ configuration: RunConfiguration, base: RunModel, data: RunData) {
        (self.model, objective) = (base.model, base.task.objective)
        let data = data.validation ?? data.training
        let size = configuration.training.microBatch
        var supervised = 0
        for start in stride(from: 0, to: data.count, by: size)
        where supervised < Self.supervisedTokens && inputs.count < Self.microBatches {
            var batch = Batch()
            let rows = [Array(start..<min(start + size, data.count))]
            batch.fill(MicroBatchPlan(globalIndex: 0, rows: rows), from: data)
            guard batch.supervisedCount > 0 else { continue }
            supervised += batch.supervisedCount
            inputs.append(batch)
        }
    }

    /// The mean loss, without dropout. Every process computes it, at the same time: where the frozen weights are spread over
    /// processes, a forward pass needs all of them.
    func loss() throws -> Double {
        let (sum, weight) = try model.losses(inputs, objective: objective).reduce((0.0, 0.0)) {
            ($0.0 + $1.sum, $0.1 + $1.weight)
        }
        return sum / max(weight, 1)
    }
}
