/// One forward and backward pass of one micro-batch through all blocks.
public struct GradientPass {
    /// What is kept between the forward and the backward pass.
    public enum Recompute: String, Sendable, CaseIterable {
        /// All activations: fastest.
        case none
        /// Only each layer's input; the layer runs again in the backward pass: least memory.
        case blocks
    }

    private let model: LanguageModel
    private let recompute: Recompute
    private let embeddingIsTrainable: Bool

    /// A pass over `model` whose trainable tensors are already bound.
    public init(model: LanguageModel, recompute: Recompute = .none) {
        self.model = model
        self.recompute = recompute
        self.embeddingIsTrainable = model.embedding.variable.requiresGradient
    }

    /// Adds the gradient of the loss *sum* to every parameter's gradient and returns the loss.
    public func run(
        inputIds: [Int32], targets: [Int32], weights: [Float]? = nil, layout: SequenceLayout, randomKey: RandomKey
    ) -> LanguageModelHead.Loss {
        let engine = model.engine
        engine.memory.expectTokens(inputIds.count)
        let embeddingTape = Tape(engine: engine, isRecording: embeddingIsTrainable)
        let embedded = model.embed(inputIds, layout: layout, on: embeddingTape)
        var passes: [LayerPass] = []
        passes.reserveCapacity(model.layers.count)
        var hidden = embedded.value
        for layer in model.layers {
            let pass = LayerPass(
                layer: layer, input: hidden, inputNeedsGradient: embeddingIsTrainable || layer.index > 0)
            hidden = pass.forward(layout: layout, engine: engine, randomKey: randomKey, keep: recompute == .none)
            passes.append(pass)
        }
        let loss = model.head.loss(
            hidden, targets: targets, weights: weights, wantsGradient: true, engine: engine)
        guard var gradient = loss.hiddenGradient else { return loss }
        while let pass = passes.popLast() {
            guard
                let next = pass.backward(gradient, layout: layout, engine: engine, randomKey: randomKey)
            else { return loss }
            gradient = next
        }
        if embeddingIsTrainable { embeddingTape.backward(from: embedded, gradient: gradient) }
        return loss
    }
}

/// One layer within a pass: its input, and its tape while it is kept.
private final class LayerPass {
    private let layer: any TransformerLayer
    private let input: Variable
    private var tape: Tape?
    private var output: Variable?

    init(layer: any TransformerLayer, input: Tensor, inputNeedsGradient: Bool) {
        self.layer = layer
        self.input = Variable(input, requiresGradient: inputNeedsGradient)
    }

    func forward(layout: SequenceLayout, engine: Engine, randomKey: RandomKey, keep: Bool) -> Tensor {
        let tape = Tape(engine: engine, isRecording: true, randomKey: randomKey)
        let output = layer.forward(input, layout: layout, on: tape)
        tape.finishForward()
        if keep { (self.tape, self.output) = (tape, output) }
        return output.value
    }

    /// The gradient of the layer's input, or nil if nothing before it needs one.
    func backward(_ gradient: Tensor, layout: SequenceLayout, engine: Engine, randomKey: RandomKey) -> Tensor? {
        if tape == nil {
            _ = forward(layout: layout, engine: engine, randomKey: randomKey, keep: true)
        }
        guard let tape, let output else { return nil }
        tape.backward(from: output, gradient: gradient)
        return input.takeGradient()
    }
}
