import CatenaLearning
import CatenaModels
import CatenaReporting

/// The loss over a held-out data set, the same number for any number of processes, and but for rounding for any micro-batch size.
final class Validator {
    private let data: PreparedDataset
    private let model: LanguageModel
    private let objective: any Objective
    private let communicator: any Communicator
    private let plan: StepPlan
    private var microBatch = Batch()
    /// Each round visits every block once.
    private static let microBatchesAtOnce = 16

    init(
        _ data: PreparedDataset, model: LanguageModel, objective: any Objective, configuration: RunConfiguration,
        communicator: any Communicator
    ) throws {
        self.data = data
        self.model = model
        self.objective = objective
        self.communicator = communicator
        plan = try BatchPlan(
            data,
            settings: BatchPlan.Settings(
                globalBatch: max(data.count, configuration.training.microBatch),
                microBatch: configuration.training.microBatch, maximumLength: configuration.data.maxLength,
                packing: configuration.data.packing, shuffle: false, seed: 0)
        ).microBatches(step: 0)
    }

    /// What a validation found.
    struct Result {
        /// Σ loss / Σ weight.
        let loss: Double
        /// The same of the objective's metrics.
        let means: [MetricsLine.Mean]
    }

    /// Collective: over all examples, added in the order of the data.
    func run() throws -> Result {
        let share = ReductionTree.share(
            of: plan.microBatches.count, rank: communicator.rank, size: communicator.size)
        // All processes visit the model's blocks equally often, those with a micro-batch less with nothing.
        let rounds = (plan.microBatches.count + communicator.size - 1) / communicator.size
        var own: [Double] = []
        var judgements: [SegmentJudgement] = []
        for first in stride(from: 0, to: rounds, by: Self.microBatchesAtOnce) {
            let range = (share.lowerBound + first..<share.lowerBound + first + Self.microBatchesAtOnce)
                .clamped(to: share)
            if range.isEmpty, model.residency == nil { break }
            let inputs = range.map { index in
                microBatch.fill(plan.microBatches[index], from: data)
                return microBatch
            }
            for (index, (loss, judged)) in try model.judgements(inputs, objective: objective).enumerated() {
                own += StepSums(loss, tokens: inputs[index].tokenCount, objective: objective).scalars
                judgements += judged
            }
        }
        let all = try gathered(own)
        let count = StepSums.scalarCount(objective)
        var totals = [Double](repeating: 0, count: count)
        for (index, value) in all.enumerated() { totals[index % count] += value }
        let sums = StepSums(scalars: totals)
        return Result(
            loss: sums.loss / sums.weight,
            means: (zip(objective.metrics, sums.metrics).map { ($0, $1 / sums.weight) } + (try metrics(judgements)))
                .map { .init(MetricsLine.Mean.validationPrefix + $0, $1) })
    }

    /// Collective: how numbers of all processes are met, in the order of the data; nothing where none are learned.
    private func metrics(_ own: [SegmentJudgement]) throws -> [(name: String, value: Double)] {
        guard data.content == .values else { return [] }
        let numbers = own.flatMap { [$0.target.number, $0.prediction.number] }
        let all = try gathered(numbers)
        let metrics = RegressionMetrics(
            targets: stride(from: 0, to: all.count, by: 2).map { all[$0] },
            predictions: stride(from: 1, to: all.count, by: 2).map { all[$0] })
        return [("mean_squared_error", metrics.meanSquaredError), ("pearson", metrics.pearson)]
    }

    /// Collective: the numbers of all processes, in the order of the data.
    private func gathered(_ own: [Double]) throws -> [Double] {
        try Activity.process.during("validation") { try communicator.allGather(own) }.flatMap { $0 }
    }
}

extension SegmentTarget {
    /// The number; NaN of a class.
    fileprivate var number: Double { if case .value(let value) = self { Double(value) } else { .nan } }
}
