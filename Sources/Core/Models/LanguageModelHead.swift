public import CatenaEngine

/// The final norm and the projection to the vocabulary, whose scores an objective turns into a loss.
///
/// The projection costs as much as several layers, so it runs only where there is a target, and in
/// tiles of rows so that the logits of a whole batch never exist.
public final class LanguageModelHead: Head {
    private let configuration: DecoderConfiguration
    private let norm: Norm
    private let projection: TokenEmbedding

    /// Rows of logits computed at once for a vocabulary of this size.
    ///
    /// The matrix is read anew for each tile: 512 rows are enough that this costs little beside the products. A tile has at
    /// most 2²⁵ logits (128 MB) unless 128 rows have more.
    package static func tileRows(vocabulary: Int) -> Int {
        min(512, max(128, (1 << 25) / max(vocabulary, 1) / 64 * 64))
    }

    init(configuration: DecoderConfiguration, norm: Norm, projection: TokenEmbedding) {
        self.configuration = configuration
        self.norm = norm
        self.projection = projection
    }

    /// Logits `[N, V]` of the hidden states `[N, D]` that leave the last layer.
    public func logits(_ hidden: Tensor, engine: Engine) -> Tensor {
        let tape = Tape(engine: engine, isRecording: false)
        let normed = norm.forward(Variable(hidden, requiresGradient: false), on: tape)
        let logits = engine.memory.tensor(rows: hidden.rows, columns: configuration.vocabularySize)
        projection.project(normed.value, into: logits, engine: engine)
        softCap(logits, slopes: nil, engine: engine)
        return logits
    }

    public var demand: HeadDemand { .tokens }

    public var normVectors: [LayerVector] { norm.vectors }

    public func scores(_ hidden: Tensor, layout: SequenceLayout, engine: Engine) -> Tensor {
        logits(hidden, engine: engine)
    }

    public func loss(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> Loss {
        precondition(batch.tokenCount == hidden.rows, "\(batch.tokenCount) tokens for \(hidden.rows) rows")
        let supervision = objective.supervision(of: batch)
        precondition(
            supervision.targets.allSatisfy { Int($0) < configuration.vocabularySize }, "a target outside the vocabulary"
        )
        let rows = supervision.rows
        var loss = Loss(sum: 0, weight: supervision.weight, supervisedCount: rows.count)
        if wantsGradient {
            let gradient = engine.memory.activation(rows: hidden.rows, columns: hidden.columns)
            gradient.fill(0)
            loss.hiddenGradient = gradient
        }
        guard !rows.isEmpty else { return loss }

        let tape = Tape(engine: engine, isRecording: wantsGradient)
        let gathered = Variable(gather(hidden, rows: rows, engine: engine), requiresGradient: wantsGradient)
        let normed = norm.forward(gathered, on: tape)
        let dNormed = wantsGradient ? engine.memory.activation(rows: rows.count, columns: hidden.columns) : nil
        loss.sum = tiledLoss(normed.value, supervision, objective, gradient: dNormed, engine: engine)
        if let dNormed, let dHidden = loss.hiddenGradient {
            tape.backward(from: normed, gradient: dNormed)
            if let dGathered = gathered.takeGradient() {
                scatter(dGathered, rows: rows, into: dHidden)
            }
        }
        return loss
    }

    private func tiledLoss(
        _ normed: Tensor, _ supervision: Supervision, _ objective: any Objective, gradient: Tensor?, engine: Engine
    ) -> Double {
        let tile = Self.tileRows(vocabulary: configuration.vocabularySize)
        let buffer = engine.memory.tensor(rows: tile, columns: configuration.vocabularySize)
        let slopes =
            configuration.headSoftCap != nil && gradient != nil
            ? engine.memory.tensor(rows: tile, columns: configuration.vocabularySize) : nil
        var losses = [Double](repeating: 0, count: normed.rows)
        for start in stride(from: 0, to: normed.rows, by: tile) {
            let range = start..<min(start + tile, normed.rows)
            let (x, scores) = (normed.rows(range), buffer.rows(0..<range.count))
            let operations = 2 * Double(scores.count) * Double(x.columns)
            engine.measured(.head, operations: operations) {
                projection.project(x, into: scores, engine: engine)
            }
            softCap(scores, slopes: slopes, engine: engine)
            losses.withUnsafeMutableBufferPointer { losses in
                guard let first = losses.baseAddress else { return }
                objective.losses(
                    of: scores, rows: range, supervision, into: first + start, writesGradient: gradient != nil,
                    engine: engine)
            }
            guard let gradient else { continue }
            if let slopes { engine.multiply(scores, slopes.rows(0..<range.count), into: scores, accumulate: false) }
            engine.measured(.head, operations: operations) {
                projection.projectBackward(scores, x: x, into: gradient.rows(range), engine: engine)
            }
        }
        return losses.reduce(0, +)
    }

    /// z becomes cap tanh(z / cap) where the model says so.
    private func softCap(_ scores: Tensor, slopes: Tensor?, engine: Engine) {
        guard let cap = configuration.headSoftCap else { return }
        Kernels.softCap(
            engine.threads, x: scores.pointer, slopes: slopes?.pointer, cap: cap, count: scores.count)
    }

    private func gather(_ source: Tensor, rows: [Int], engine: Engine) -> Tensor {
        let result = engine.memory.activation(rows: rows.count, columns: source.columns)
        for (index, row) in rows.enumerated() {
            result.rows(index..<index + 1).copy(from: source.rows(row..<row + 1))
        }
        return result
    }

    private func scatter(_ source: Tensor, rows: [Int], into destination: Tensor) {
        for (index, row) in rows.enumerated() {
            destination.rows(row..<row + 1).copy(from: source.rows(index..<index + 1))
        }
    }
}
