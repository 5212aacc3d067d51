import CatenaEngine

extension LanguageModel {
    /// The losses of micro-batches without gradients, block by block: each block is visited once.
    ///
    /// - Throws: what kept a block's matrices from coming.
    public func losses(_ batches: [Batch], objective: any Objective = NextToken()) throws -> [Loss] {
        residency?.announce(blocks.map(\.id) + [.head])
        if let longest = batches.map(\.tokenCount).max() { engine.memory.expectTokens(longest) }
        let tapes = batches.map { _ in Tape(engine: engine, isRecording: false) }
        var streams = batches.map { _ in Streams() }
        for block in blocks {
            try visit(block.id) {
                for (index, batch) in batches.enumerated() {
                    streams[index].write(block.forward(streams[index], of: batch, on: tapes[index]))
                }
            }
        }
        var losses: [Loss] = []
        try visit(.head) {
            losses = zip(batches, streams).map { batch, streams in
                head.loss(streams[.hidden].value, of: batch, objective, wantsGradient: false, engine: engine)
            }
        }
        return losses
    }

    /// Runs `body` while the matrices of `block`, the next announced one, are at hand.
    func visit(_ block: BlockID, _ body: () -> Void) throws {
        try residency?.acquire(block)
        body()
        residency?.release(block)
    }
}
