import CatenaEngine

/// Forward and backward passes of micro-batches through all blocks.
///
/// Several micro-batches go *layer-major*: all of them through one block before the next one. The frozen matrices of a
/// block are then needed twice (forward, backward) whatever the number of micro-batches, which matters where they have to
/// be fetched. The sums of each micro-batch are the same bits as when it goes alone.
public struct GradientPass {
    /// What is kept between the forward and the backward pass.
    public enum Recompute: String, Sendable, CaseIterable {
        /// All activations: fastest.
        case none
        /// Only each layer's input; the layer runs again in the backward pass: least memory.
        case blocks
    }

    /// What of the layers' backward pass has just been done.
    public enum Progress: Sendable {
        /// A micro-batch went through a layer; `weight` is that of its loss.
        case microBatch(Int, layer: Int, weight: Double)
        /// All micro-batches did.
        case layer(Int)
    }

    private let model: LanguageModel
    private let recompute: Recompute
    private let embeddingIsTrainable: Bool
    /// The lowest layer with something to learn in or before it; nothing below it is recorded or gone through backward.
    private let lowestLayer: Int

    /// A pass over `model` whose trainable tensors are already bound.
    public init(model: LanguageModel, recompute: Recompute = .none) {
        self.model = model
        self.recompute = recompute
        self.embeddingIsTrainable = model.embedding.isTrainable
        self.lowestLayer =
            embeddingIsTrainable ? 0 : model.layers.firstIndex { $0.isTrained } ?? model.layers.count
    }

    /// The blocks that one pass visits, in order: all forward, and backward those down to the lowest with something to learn.
    public var visits: [ModelBlock] {
        let layers = model.layers.map { ModelBlock.layer($0.index) }
        return [.embedding] + layers + [.head] + layers.suffix(from: lowestLayer).reversed()
    }

    /// Adds the gradients of the loss *sum* of each micro-batch and returns the losses. Announces and visits every
    /// block, also without micro-batches, so that processes with fewer of them stay in step with the others.
    ///
    /// - Parameter select: called with a micro-batch's index before its gradients are added: points the parameters'
    ///   gradients to where they belong.
    /// - Parameter progress: called in the backward pass, while the block's matrices are at hand.
    /// - Throws: what kept a block's matrices from coming.
    public func run(
        _ inputs: [ModelInput], select: @escaping (Int) -> Void, progress: @escaping (Progress) -> Void = { _ in }
    ) throws -> [LanguageModelHead.Loss] {
        model.residency?.announce(visits)
        return try run(inputs, select: select, progress: progress) { block, body in try model.visit(block, body) }
    }

    /// The same for one micro-batch of a model whose matrices are all at hand.
    public func run(_ input: ModelInput) -> LanguageModelHead.Loss {
        precondition(model.residency == nil, "the matrices of this model have to be fetched")
        return run([input], select: { _ in }, progress: { _ in }) { _, body in body() }[0]
    }

    private func run(
        _ inputs: [ModelInput], select: @escaping (Int) -> Void, progress: @escaping (Progress) -> Void,
        visit: (ModelBlock, () -> Void) throws -> Void
    ) rethrows -> [LanguageModelHead.Loss] {
        let engine = model.engine
        if let longest = inputs.map(\.inputIds.count).max() { engine.memory.expectTokens(longest) }
        let embeddingTapes = inputs.map { _ in Tape(engine: engine, isRecording: embeddingIsTrainable) }
        var embedded: [Variable] = []
        try visit(.embedding) {
            embedded = zip(inputs, embeddingTapes).map { model.embed($0.inputIds, layout: $0.layout, on: $1) }
        }
        var hidden = embedded.map(\.value)
        var passes: [[LayerPass]] = []
        passes.reserveCapacity(model.layers.count)
        for layer in model.layers {
            let isFrozen = layer.index < lowestLayer
            let needsGradient = embeddingIsTrainable || layer.index > lowestLayer
            let layerPasses = hidden.map { LayerPass(layer: layer, input: $0, inputNeedsGradient: needsGradient) }
            try visit(.layer(layer.index)) {
                for (index, input) in inputs.enumerated() {
                    hidden[index] = layerPasses[index].forward(
                        input, engine: engine, keep: !isFrozen && recompute == .none)
                }
            }
            if !isFrozen { passes.append(layerPasses) }
        }
        var losses: [LanguageModelHead.Loss] = []
        try visit(.head) {
            for (index, input) in inputs.enumerated() {
                select(index)
                losses.append(
                    model.head.loss(
                        hidden[index], targets: input.targets, weights: input.weights, wantsGradient: true,
                        engine: engine))
            }
        }
        hidden.removeAll()
        var gradients = losses.indices.map { losses[$0].takeHiddenGradient() }
        while let layerPasses = passes.popLast() {
            let layer = lowestLayer + passes.count
            try visit(.layer(layer)) {
                for (index, pass) in layerPasses.enumerated() {
                    select(index)
                    if let gradient = gradients[index] {
                        gradients[index] = pass.backward(gradient, of: inputs[index], engine: engine)
                    }
                    progress(.microBatch(index, layer: layer, weight: losses[index].weight))
                }
                progress(.layer(layer))
            }
        }
        for (index, gradient) in gradients.enumerated() where embeddingIsTrainable {
            guard let gradient else { continue }
            select(index)
            embeddingTapes[index].backward(from: embedded[index], gradient: gradient)
        }
        return losses
    }
}

/// One layer and one micro-batch within a pass: the layer's input, and its tape while that is kept.
private final class LayerPass {
    private let layer: any TransformerLayer
    private let input: Variable
    private var tape: Tape?
    private var output: Variable?

    init(layer: any TransformerLayer, input: Tensor, inputNeedsGradient: Bool) {
        self.layer = layer
        self.input = Variable(input, requiresGradient: inputNeedsGradient)
    }

    func forward(_ microBatch: ModelInput, engine: Engine, keep: Bool) -> Tensor {
        let tape = Tape(engine: engine, isRecording: true, randomKey: microBatch.randomKey)
        let output = layer.forward(input, layout: microBatch.layout, on: tape)
        tape.finishForward()
        if keep { (self.tape, self.output) = (tape, output) }
        return output.value
    }

    /// The gradient of the layer's input, or nil if nothing before it needs one.
    func backward(_ gradient: Tensor, of microBatch: ModelInput, engine: Engine) -> Tensor? {
        if tape == nil { _ = forward(microBatch, engine: engine, keep: true) }
        guard let tape, let output else { return nil }
        (self.tape, self.output) = (nil, nil)
        tape.backward(from: output, gradient: gradient)
        return input.takeGradient()
    }
}
