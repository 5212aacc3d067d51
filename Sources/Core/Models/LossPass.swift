import CatenaEngine

extension LanguageModel {
    /// The losses of micro-batches without gradients, block by block: each block is visited once.
    ///
    /// - Throws: what kept a block's matrices from coming.
    public func losses(_ inputs: [ModelInput]) throws -> [LanguageModelHead.Loss] {
        residency?.announce([.embedding] + layers.map { .layer($0.index) } + [.head])
        if let longest = inputs.map(\.inputIds.count).max() { engine.memory.expectTokens(longest) }
        let tapes = inputs.map { _ in Tape(engine: engine, isRecording: false) }
        var hidden: [Variable] = []
        try visit(.embedding) {
            hidden = zip(inputs, tapes).map { embed($0.inputIds, layout: $0.layout, on: $1) }
        }
        for layer in layers {
            try visit(.layer(layer.index)) {
                for (index, input) in inputs.enumerated() {
                    hidden[index] = layer.forward(hidden[index], layout: input.layout, on: tapes[index])
                }
            }
        }
        var losses: [LanguageModelHead.Loss] = []
        try visit(.head) {
            losses = zip(inputs, hidden).map { input, hidden in
                head.loss(
                    hidden.value, targets: input.targets, weights: input.weights, wantsGradient: false, engine: engine)
            }
        }
        return losses
    }

    /// Runs `body` while the matrices of `block`, the next announced one, are at hand.
    func visit(_ block: ModelBlock, _ body: () -> Void) throws {
        try residency?.acquire(block)
        body()
        residency?.release(block)
    }
}
