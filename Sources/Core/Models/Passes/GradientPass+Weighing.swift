import CatenaEngine

/// What the samples of a pass count.
package enum SampleCounting {
    /// What the objective alone says.
    case equally
    /// Called with every micro-batch of the pass when all have been through the blocks, before any goes back; gives them in the same order
    /// with other scales. It may be collective: each process calls it once a pass, also without micro-batches.
    case measured(([Weighing]) -> [Weighing])
    /// What the batches carry from an earlier ``GradientPass/weighings(_:)``.
    case carried

    /// What is carried has been compared with the reference already.
    var needsReference: Bool { if case .carried = self { false } else { true } }
}

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
        let values = try forward(batches, goesBack: false, visit: model.visit).values
        var weighings: [Weighing] = []
        try model.visit(.head) { weighings = self.weighings(values, of: batches) }
        return weighings
    }

    /// The losses at the head, with gradients of the hidden states.
    ///
    /// - Parameter done: called after each micro-batch.
    func judge(
        _ values: [[StreamName: Tensor]], of batches: [Batch], _ counting: SampleCounting,
        select: (Int) -> Void, done: (Int, Loss) -> Void
    ) -> [Loss] {
        var batches = batches
        var judged: JudgedBatch?
        if case .measured(let scale) = counting {
            // The scores of one micro-batch can stay, those of several are made again.
            if batches.count == 1 { judged = judge(values[0], of: batches[0]) }
            let scaled = scale(judged.map { [$0.weighing] } ?? weighings(values, of: batches))
            precondition(scaled.count == batches.count, "\(scaled.count) weighings of \(batches.count) micro-batches")
            for index in batches.indices { batches[index].weighing = scaled[index] }
        }
        return batches.indices.map { index in
            select(index)
            let loss =
                if let judged, let weighing = batches[index].weighing {
                    judged.loss(weighing)
                } else {
                    model.head.loss(
                        hidden(values[index]), of: batches[index], objective, wantsGradient: true,
                        engine: model.engine)
                }
            done(index, loss)
            return loss
        }
    }

    private func weighings(_ values: [[StreamName: Tensor]], of batches: [Batch]) -> [Weighing] {
        zip(values, batches).map { judge($0, of: $1).weighing }
    }

    private func judge(_ values: [StreamName: Tensor], of batch: Batch) -> JudgedBatch {
        model.head.judged(hidden(values), of: batch, objective, engine: model.engine)
    }

    private func hidden(_ values: [StreamName: Tensor]) -> Tensor {
        guard let hidden = values[.hidden] else {
            preconditionFailure("no block has written the stream \(StreamName.hidden)")
        }
        return hidden
    }
}
