import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Glibc

/// An adapter of a model with its optimizer and its rule, for benchmarks. Several can take turns on one model.
final class TrainedAdapter {
    private let model: LanguageModel
    private let adapter: AttachedAdapter
    private let parameters: ParameterSet
    private let optimizer: AdamW
    private var completedSteps = 0
    private static let learningRate = 1e-4

    /// - Parameter steps: those that the rule is told the run has.
    init(_ section: AdapterSection, of model: LanguageModel, steps: Int) throws {
        self.model = model
        adapter = try model.attachAdapters(section, seed: 0)
        parameters = ParameterSet(adapter.parameters, memory: model.engine.memory)
        try model.initialiseFromWeights()
        // One step more, since a rule may do nothing in the last one.
        try adapter.rule?.prepare(AdapterRun(totalSteps: steps + 1, peakLearningRate: Self.learningRate))
        optimizer = AdamW(parameters, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, engine: model.engine)
    }

    /// Trained numbers.
    var parameterCount: Int { parameters.count }

    /// A training step, and what it took: seconds of the clock, and of this process on its cores.
    func step(on data: ProbeInput, recompute: GradientPass.Recompute) -> (seconds: Double, processorSeconds: Double) {
        model.install(adapter)
        let pass = GradientPass(model: model, recompute: recompute)
        let (start, processorStart) = (MonotonicClock.seconds(), Self.processorSeconds())
        parameters.gradients.fill(0)
        let loss = pass.run(Batch(inputIds: data.inputIds, targets: data.targets, layout: data.layout))
        completedSteps += 1
        _ = adapter.rule?.addPenalty(to: parameters, scale: loss.weight)
        adapter.rule?.beforeUpdate(parameters, gradientScale: 1 / loss.weight, step: completedSteps)
        optimizer.step(learningRate: Self.learningRate, gradientScale: 1 / loss.weight)
        adapter.rule?.afterUpdate(parameters, gradientScale: 1 / loss.weight, step: completedSteps)
        return (MonotonicClock.seconds() - start, Self.processorSeconds() - processorStart)
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
