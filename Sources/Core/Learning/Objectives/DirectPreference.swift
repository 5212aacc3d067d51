package import CatenaEngine
package import CatenaModels
import Foundation

/// Direct preference optimisation: the chosen answer becomes likelier than the rejected one, beside the frozen model.
///
///     d = (p_c - p_r) - (r_c - r_r)
///     L = -(1 - ε) log σ(β d) - ε log σ(-β d)      dL/dd = -(1 - ε) β σ(-β d) + ε β σ(β d)
///
/// p and r are the log-probabilities of an answer's tokens, summed, under the model with its adapters and without them; c is the chosen
/// and r the rejected answer. β is the strength with which the model is held to the frozen one, in 1/nat; ε the part of the pairs
/// that are taken to be labelled the wrong way round. An answer's reward is β (p - r). With -p as the measure of an answer, dL/dp_c = dL/dd and dL/dp_r = -dL/dd, so
/// the gradient is that of the next token with a weight for each answer. The mean is over pairs.
///
/// A pair is two segments that follow each other, the chosen answer first, each after its own copy of the prompt.
///
/// - Source: Rafailov et al. 2023, *Direct Preference Optimization*, arXiv:2305.18290, eq. 7; ε from Mitchell 2023, *A note on DPO with
///   noisy preferences* (conservative DPO).
package struct DirectPreference: Objective {
    /// β, above 0.
    package let beta: Double
    /// ε, from 0 to below 0.5.
    package let labelSmoothing: Double

    private let tokens = NextToken()

    /// The objective with its two numbers.
    package init(beta: Double = 0.1, labelSmoothing: Double = 0) {
        (self.beta, self.labelSmoothing) = (beta, labelSmoothing)
    }

    package var measurement: SampleMeasurement { .samplesAndReference }

    package var metrics: [String] { ["reward_accuracy", "reward_margin", "chosen_reward", "rejected_reward"] }

    package var lossUnit: String { "nats per pair" }

    package func supervision(of batch: Batch) -> Supervision { tokens.supervision(of: batch) }

    package func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        unsafe tokens.losses(
            of: scores, rows: rows, supervision, into: losses, writesGradient: writesGradient, engine: engine)
    }

    package func weigh(_ measures: [Double], reference: [Double]) -> Weighing {
        precondition(
            measures.count.isMultiple(of: 2) && reference.count == measures.count,
            "\(measures.count) answers, \(reference.count) of the reference: not pairs")
        var samples: [SampleLoss] = []
        var factors: [Float] = []
        var sums = metrics.map { _ in 0.0 }
        for chosen in stride(from: 0, to: measures.count, by: 2) {
            let rejected = chosen + 1
            let rewards = (
                chosen: beta * (reference[chosen] - measures[chosen]),
                rejected: beta * (reference[rejected] - measures[rejected])
            )
            let pair = pair(margin: rewards.chosen - rewards.rejected)
            samples.append(SampleLoss(sum: pair.loss, weight: 1))
            factors += [Float(-pair.slope), Float(pair.slope)]
            let numbers = [
                rewards.chosen > rewards.rejected ? 1 : 0, rewards.chosen - rewards.rejected, rewards.chosen,
                rewards.rejected,
            ]
            for (index, number) in numbers.enumerated() { sums[index] += number }
        }
        return Weighing(samples: samples, factors: factors, metrics: sums)
    }

    /// L and dL/dd of a pair with β d = `margin`.
    package func pair(margin: Double) -> (loss: Double, slope: Double) {
        let loss = (1 - labelSmoothing) * Self.softplus(-margin) + labelSmoothing * Self.softplus(margin)
        let slope = beta * (labelSmoothing * Self.sigmoid(margin) - (1 - labelSmoothing) * Self.sigmoid(-margin))
        return (loss, slope)
    }

    /// log(1 + e^x) = -log σ(-x), without overflow and without losing a small result.
    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    private static func sigmoid(_ x: Double) -> Double {
        let e = exp(-abs(x))
        return x >= 0 ? 1 / (1 + e) : e / (1 + e)
    }
}
