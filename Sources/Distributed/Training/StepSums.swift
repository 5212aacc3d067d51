/// What is summed over all micro-batches of a step beside the gradients.
struct StepSums {
    static let scalarCount = 4

    /// Σ weight · loss, in nats.
    var loss: Double
    /// Σ weight.
    var weight: Double
    /// Positions with a target.
    var supervised: Double
    /// Positions that went through the model.
    var tokens: Double

    init(loss: Double, weight: Double, supervised: Double, tokens: Double) {
        (self.loss, self.weight, self.supervised, self.tokens) = (loss, weight, supervised, tokens)
    }

    init(scalars: [Double]) {
        self.init(loss: scalars[0], weight: scalars[1], supervised: scalars[2], tokens: scalars[3])
    }

    var scalars: [Double] { [loss, weight, supervised, tokens] }
}
