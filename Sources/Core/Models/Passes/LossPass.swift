import CatenaEngine

extension LanguageModel {
    /// The losses of micro-batches without gradients, block by block: each block is visited once, twice where the objective compares
    /// with the model without its adapters.
    ///
    /// - Throws: ``ModelError/wrongTask(_:needed:)`` for an objective of another kind of head; what kept a block's matrices from coming.
    public func losses(_ batches: [Batch], objective: any Objective) throws -> [Loss] {
        try judgements(batches, objective: objective).map(\.loss)
    }

    /// The same with what the segments are judged as; nothing where they are not.
    ///
    /// - Throws: what kept a block's matrices from coming.
    package func judgements(
        _ batches: [Batch], objective: any Objective
    ) throws -> [(loss: Loss, judgements: [SegmentJudgement])] {
        try head.requireDemand(of: objective)
        announceReference(for: objective)
        announceForward()
        let batches = try withReference(batches, for: objective, visit: visit)
        return try forward(batches, visit: visit) { [head, engine] batch, hidden in
            (
                head.loss(hidden, of: batch, objective, wantsGradient: false, engine: engine),
                head.judgements(hidden, of: batch, engine: engine)
            )
        }
    }

    /// Announces the visits of one forward pass.
    func announceForward() { residency?.announce(lossVisits) }

    /// Announces the visits that ``withReference(_:for:visit:)`` will make.
    func announceReference(for objective: any Objective) {
        if objective.measurement == .samplesAndReference { announceForward() }
    }

    /// The micro-batches with what the frozen model without its adapters measures of them, where the objective asks for it. Visits
    /// every block then, also without micro-batches.
    func withReference(
        _ batches: [Batch], for objective: any Objective, visit: (BlockID, () -> Void) throws -> Void
    ) rethrows -> [Batch] {
        guard objective.measurement == .samplesAndReference else { return batches }
        let measures = try with(adapters: nil) {
            try forward(batches, visit: visit) { [head, engine] batch, hidden in
                head.measures(hidden, of: batch, objective, engine: engine)
            }
        }
        return zip(batches, measures).map { batch, measures in
            var batch = batch
            batch.reference = measures
            return batch
        }
    }

    /// The blocks that a forward pass visits.
    private var lossVisits: [BlockID] { blocks.map(\.id) + [.head] }

    /// Sends micro-batches forward through each block and gives `body` what leaves the last one.
    func forward<Result>(
        _ batches: [Batch], visit: (BlockID, () -> Void) throws -> Void, _ body: @escaping (Batch, Tensor) -> Result
    ) rethrows -> [Result] {
        if let longest = batches.map(\.tokenCount).max() { engine.memory.expectTokens(longest) }
        let tapes = batches.map { _ in Tape(engine: engine, isRecording: false) }
        var streams = batches.map { Streams(of: $0, memory: engine.memory) }
        for block in blocks {
            try visit(block.id) {
                for (index, batch) in batches.enumerated() {
                    streams[index].write(block.forward(streams[index], of: batch, on: tapes[index]))
                }
            }
        }
        var results: [Result] = []
        try visit(.head) {
            results = zip(batches, streams).map { batch, streams in body(batch, streams[.hidden].value) }
        }
        return results
    }

    /// Runs `body` while the matrices of `block`, the next announced one, are at hand.
    package func visit(_ block: BlockID, _ body: () -> Void) throws {
        try residency?.acquire(block)
        body()
        residency?.release(block)
    }
}
