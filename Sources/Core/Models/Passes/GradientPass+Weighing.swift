import CatenaEngine

extension GradientPass {
    /// The samples of micro-batches as ``run(_:counting:select:progress:)`` will find them, with the same dropout: one forward pass that
    /// keeps nothing, block by block. Announces and visits every block, also without micro-batches.
    ///
    /// - Throws: ``ModelError/wrongTask(_:needed:)`` for an objective of another kind of head; what kept a block's matrices from coming.
    package func weighings(_ batches: [Batch]) throws -> [Weighing] {
        try model.head.requireDemand(of: objective)
        model.announceReference(for: objective)
        model.announceForward()
        let batches = try model.withReference(batches, for: objective, visit: model.visit)
        var (values, _) = try forward(batches, keeps: { _ in false }, visit: model.visit)
        var weighings: [Weighing] = []
        try model.visit(.head) {
            weighings = batches.indices.map { index in
                model.head.judged(hidden(&values[index]), of: batches[index], objective, engine: model.engine).weighing
            }
        }
        return weighings
    }
}
