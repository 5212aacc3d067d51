import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels

/// How the learning rate and a chain's links go over the steps of a run.
final class RunCourse {
    let schedule: LearningRateSchedule
    /// nil when one adapter is trained for the whole run.
    let chain: Chain?

    var totalSteps: Int { schedule.totalSteps }

    /// The course of `totalSteps` steps.
    ///
    /// - Throws: ``TrainingError/unsupported(key:value:supported:)`` where warm-up or knots do not fit.
    init(_ configuration: RunConfiguration, totalSteps: Int, model: LanguageModel, worldSize: Int) throws(TrainingError)
    {
        let section = configuration.training
        guard section.schedule.warmupSteps <= totalSteps else {
            throw .unsupported(
                key: "training.schedule.warmup-steps", value: "\(section.schedule.warmupSteps)",
                supported: "at most \(totalSteps), the steps of the whole run")
        }
        if let weighting = section.sampleWeighting, weighting.strategy != nil, weighting.stepsBefore >= totalSteps {
            throw .unsupported(
                key: "training.sample-weighting.warmup-steps and decay-steps",
                value: "\(weighting.stepsBefore) together",
                supported: "less than \(totalSteps), the steps of the whole run")
        }
        let schedule = LearningRateSchedule(
            shape: section.schedule.name, peak: section.peakLearningRate(worldSize: worldSize),
            warmupSteps: section.schedule.warmupSteps, totalSteps: totalSteps,
            minimumRatio: section.schedule.minimumRatio)
        self.schedule = schedule
        chain =
            if let section = configuration.chain {
                try Chain(section, model: model, schedule: schedule)
            } else {
                nil
            }
    }

    /// Rate of step `step`, counted from 0.
    func learningRate(step: Int) -> Double {
        chain?.learningRate(step: step) ?? schedule.learningRate(step: step)
    }

    /// The same if the run had another length.
    private func learningRate(step: Int, totalSteps: Int) -> Double {
        var other = schedule
        other.totalSteps = totalSteps
        return chain?.learningRate(step: step, schedule: other) ?? other.learningRate(step: step)
    }

    /// What an adapter's rule is told about the run.
    var adapterRun: AdapterRun {
        AdapterRun(totalSteps: schedule.totalSteps, peakLearningRate: schedule.peak, steps: chain?.linkSteps)
    }
}

extension RunCourse {
    /// What another length of the run does to the learning rate; nil if the rate of the coming step stays.
    ///
    /// - Parameters:
    ///   - checkpoint: what the run goes on from.
    ///   - plan: the run's batches.
    ///   - step: steps done.
    func noteOfOtherLength(than checkpoint: LoadedCheckpoint, plan: BatchPlan, step: Int) throws -> String? {
        let length = plan.stepCount(try TrainingState.configuration(of: checkpoint).training.length)
        guard length != totalSteps, step < totalSteps else { return nil }
        let (new, old) = (learningRate(step: step), learningRate(step: step, totalSteps: length))
        guard abs(new - old) > 1e-6 * max(abs(new), abs(old)) else { return nil }
        return "the run now has \(totalSteps) steps, before it had \(length): the learning rate of step \(step + 1) is "
            + "\(Self.short(new)) in place of \(Self.short(old)), because the schedule spans the run"
    }

    private static func short(_ rate: Double) -> String {
        let digits = 3
        guard rate != 0, rate.isFinite else { return "\(rate)" }
        var (scaled, exponent) = (rate, 0)
        while abs(scaled) < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
        while abs(scaled) >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
        let factor = (1..<digits).reduce(1.0) { power, _ in power * 10 }
        return "\((scaled * factor).rounded() / factor)e\(exponent)"
    }
}
