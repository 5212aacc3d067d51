package import CatenaEngine
package import CatenaFiles
package import CatenaModels

/// What a model computes for a ``ProbeInput`` or a ``SequenceProbeInput``.
package struct Probe {
    /// Logits of all positions, `[B · T, V]`, or of all sequences, `[B, C]`.
    package let logits: Tensor
    /// Mean loss over the positions with a target, or over the sequences.
    package let loss: Double
    /// The gradient of `loss` by each adapter parameter, under its PEFT name.
    package let gradients: [(name: String, shape: [Int], values: [Float])]

    /// Shape of the logits in files.
    private let shape: [Int]

    /// Computes the logits and the loss, and the gradients of `trainable` if it is given.
    ///
    /// `trainable` is what ``LanguageModel/loadAdapterWithoutDropout(_:)`` returned: frameworks compare without dropout.
    package init(_ input: ProbeInput, model: LanguageModel, trainable: ParameterSet? = nil) {
        self.init(
            Batch(inputIds: input.inputIds, targets: input.targets, layout: input.layout), NextToken(),
            shape: [input.sequenceCount, input.length], model: model, trainable: trainable)
    }

    /// The same for texts that are judged as wholes, by a model that was opened for that.
    package init(_ input: SequenceProbeInput, model: LanguageModel, trainable: ParameterSet? = nil) {
        self.init(
            input.batch, input.objective, shape: [input.batch.layout.segmentCount], model: model, trainable: trainable)
    }

    private init(
        _ batch: Batch, _ objective: any Objective, shape: [Int], model: LanguageModel, trainable: ParameterSet?
    ) {
        let hidden = model.hiddenStates(of: batch)
        logits = model.head.scores(hidden, layout: batch.layout, engine: model.engine)
        self.shape = shape + [logits.columns]
        guard let trainable else {
            let loss = model.head.loss(hidden, of: batch, objective, wantsGradient: false, engine: model.engine)
            self.loss = loss.sum / loss.weight
            gradients = []
            return
        }
        trainable.gradients.fill(0)
        let loss = GradientPass(model: model, objective: objective).run(batch)
        self.loss = loss.sum / loss.weight
        gradients = trainable.means(overWeight: loss.weight)
    }

    /// Writes `logits` `[B, T, V]` or `[B, C]`, `loss` `[1]` and `grad.<name>` for each gradient as float32 safetensors.
    package func write(to path: String) throws(FileError) {
        var writer = SafetensorsWriter()
        let logits = logits
        writer.append("logits", shape: shape, .generated { logits.elements() })
        writer.append("loss", shape: [1], .float32([Float(loss)]))
        for gradient in gradients {
            writer.append("grad." + gradient.name, shape: gradient.shape, .float32(gradient.values))
        }
        try writer.write(to: path)
    }
}
