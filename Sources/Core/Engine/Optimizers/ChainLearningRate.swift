/// The learning rate across the knots of a chain, a pure function of the step and of where the knots were.
///
/// With c the schedule over the whole run, k the last knot (in completed steps) and w the re-warm steps:
///
///     global     t ≥ k, t - k < w:   ((t - k) / w) · c(k + w)        else c(t)
///     per-link   the schedule anew over each link: c over (next knot - k) steps at t - k, warming up for w steps
///
/// `global` with a cosine is ReLoRA's jagged cosine; with w = 0 it is one decay over the run as in COLA's algorithm.
///
/// - Source: the reference implementation of Lialin et al. 2023, *ReLoRA*, arXiv:2307.05695
///   (`get_cosine_schedule_with_multiple_warmups`).
public struct ChainLearningRate: Sendable, Equatable {
    /// What the schedule spans.
    public enum Span: String, Sendable, CaseIterable {
        case global
        case perLink = "per-link"
    }

    /// The schedule over the whole run; its warm-up is that of the first link.
    package var schedule: LearningRateSchedule
    /// What the schedule spans.
    package var span: Span
    /// w: steps of linear growth after each knot.
    package var rewarmSteps: Int

    /// A rate over `schedule.totalSteps` steps.
    package init(schedule: LearningRateSchedule, span: Span, rewarmSteps: Int) {
        self.schedule = schedule
        self.span = span
        self.rewarmSteps = rewarmSteps
    }

    /// Rate of step `step`, counted from 0.
    ///
    /// - Parameters:
    ///   - knots: completed steps at each knot so far, rising.
    ///   - nextKnot: completed steps at the next knot, or the end of the run.
    package func learningRate(step: Int, knots: [Int], nextKnot: Int) -> Double {
        let knot = knots.last { $0 <= step }
        switch span {
        case .global:
            guard let knot, step - knot < rewarmSteps else { return schedule.learningRate(step: step) }
            return Double(step - knot) / Double(rewarmSteps) * schedule.learningRate(step: knot + rewarmSteps)
        case .perLink:
            var own = schedule
            own.totalSteps = nextKnot - (knot ?? 0)
            if knot != nil { own.warmupSteps = rewarmSteps }
            return own.learningRate(step: step - (knot ?? 0))
        }
    }
}
