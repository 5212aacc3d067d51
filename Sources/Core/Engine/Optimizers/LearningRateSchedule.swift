import Foundation

/// The learning rate as a pure function of the step, so that a resumed run continues exactly.
public struct LearningRateSchedule: Sendable, Equatable {
    /// The curve after the warm-up.
    public enum Shape: String, Sendable, CaseIterable {
        /// Stays at the peak.
        case constant
        /// Falls in a straight line to the minimum.
        case linear
        /// Falls along half a cosine to the minimum.
        case cosine
    }

    /// The curve after the warm-up.
    public var shape: Shape
    /// Highest rate, reached when the warm-up ends.
    public var peak: Double
    /// Steps of linear growth from 0 to `peak`.
    public var warmupSteps: Int
    /// Steps of the whole run.
    public var totalSteps: Int
    /// Rate at the end as a fraction of `peak`.
    public var minimumRatio: Double

    /// A schedule over `totalSteps` steps.
    public init(shape: Shape, peak: Double, warmupSteps: Int, totalSteps: Int, minimumRatio: Double = 0) {
        self.shape = shape
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.minimumRatio = minimumRatio
    }

    /// Rate of step `step`, counted from 0.
    ///
    ///     warm-up:  peak · step / warmupSteps
    ///     then, p = (step - warmupSteps) / (totalSteps - warmupSteps), m = minimumRatio:
    ///     linear    peak · (m + (1 - m)(1 - p))
    ///     cosine    peak · (m + (1 - m)(1 + cos πp) / 2)
    ///
    /// - Source: transformers `optimization.py`, `get_cosine_schedule_with_warmup` and its siblings.
    public func learningRate(step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(warmupSteps, 1)) }
        let progress = Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1))
        let remaining = 1 - min(progress, 1)
        switch shape {
        case .constant:
            return peak
        case .linear:
            return peak * (minimumRatio + (1 - minimumRatio) * remaining)
        case .cosine:
            let falling = (1 + cos(Double.pi * (1 - remaining))) / 2
            return peak * (minimumRatio + (1 - minimumRatio) * falling)
        }
    }
}
