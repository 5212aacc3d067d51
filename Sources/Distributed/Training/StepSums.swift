import CatenaModels

/// What is summed over all micro-batches of a step beside the gradients.
struct StepSums {
    /// How many there are with those of an objective.
    static func scalarCount(_ objective: any Objective) -> Int { 4 + objective.metrics.count }

    /// Σ weight · loss, in nats.
    var loss: Double
    /// Σ weight.
    var weight: Double
    /// Positions with a target.
    var supervised: Double
    /// Positions that went through the model.
    var tokens: Double
    /// Σ of each of the objective's metrics.
    var metrics: [Double]

    init(_ loss: Loss, tokens: Int, objective: any Objective) {
        (self.loss, weight, supervised) = (loss.sum, loss.weight, Double(loss.supervisedCount))
        self.tokens = Double(tokens)
        // Where nothing was supervised there was nothing to measure either.
        metrics = loss.metrics.isEmpty ? objective.metrics.map { _ in 0 } : loss.metrics
    }

    init(scalars: [Double]) {
        (loss, weight, supervised, tokens) = (scalars[0], scalars[1], scalars[2], scalars[3])
        metrics = Array(scalars[4...])
    }

    var scalars: [Double] { [loss, weight, supervised, tokens] + metrics }
}
