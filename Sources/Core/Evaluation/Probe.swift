public import CatenaEngine
public import CatenaFiles

/// What a model computes for a ``ProbeInput``.
public struct Probe {
    /// Logits of all positions, `[B · T, V]`.
    public let logits: Tensor
    /// Mean loss over the positions with a target, in nats.
    public let loss: Double
    /// The gradient of `loss` by each adapter parameter, under its PEFT name.
    public let gradients: [(name: String, shape: [Int], values: [Float])]

    private let input: ProbeInput

    /// Computes the logits and the loss, and the gradients of `trainable` if it is given.
    ///
    /// `trainable` is what ``LanguageModel/loadAdapterWithoutDropout(_:)`` returned: frameworks compare without dropout.
    public init(_ input: ProbeInput, model: LanguageModel, trainable: ParameterSet? = nil) {
        self.input = input
        let batch = Batch(inputIds: input.inputIds, targets: input.targets, layout: input.layout)
        let hidden = model.hiddenStates(batch.inputIds, layout: batch.layout)
        logits = model.head.scores(hidden, layout: batch.layout, engine: model.engine)
        guard let trainable else {
            let loss = model.head.loss(hidden, of: batch, NextToken(), wantsGradient: false, engine: model.engine)
            self.loss = loss.sum / loss.weight
            gradients = []
            return
        }
        trainable.gradients.fill(0)
        let loss = GradientPass(model: model).run(batch)
        self.loss = loss.sum / loss.weight
        gradients = trainable.means(overWeight: loss.weight)
    }

    /// Writes `logits` `[B, T, V]`, `loss` `[1]` and `grad.<name>` for each gradient as float32 safetensors.
    public func write(to path: String) throws(FileError) {
        var writer = SafetensorsWriter()
        let logits = logits
        writer.append(
            "logits", shape: [input.sequenceCount, input.length, logits.columns], .generated { logits.elements() })
        writer.append("loss", shape: [1], .float32([Float(loss)]))
        for gradient in gradients {
            writer.append("grad." + gradient.name, shape: gradient.shape, .float32(gradient.values))
        }
        try writer.write(to: path)
    }
}
