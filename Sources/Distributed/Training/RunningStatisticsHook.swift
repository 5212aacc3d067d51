import CatenaModels

/// The running statistics of a model's batch normalisations. Their sums are taken before the gradient is clipped, because they are no
/// gradients, and they move when everything else has moved.
final class RunningStatisticsHook: TrainingHook {
    private let model: LanguageModel

    init(_ model: LanguageModel) { self.model = model }

    func beforeClipping(_ context: inout StepContext) {
        for statistics in model.statistics { statistics.takeSums() }
    }

    func afterUpdate(_ context: inout StepContext) {
        for statistics in model.statistics { statistics.update() }
    }
}
