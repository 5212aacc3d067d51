public import CatenaEngine

/// The final norm, the projection to the vocabulary and the loss.
///
/// The projection costs as much as several layers, so it runs only where there is a target, and in
/// tiles of rows so that the logits of a whole batch never exist.
public final class LanguageModelHead {
    private let configuration: DecoderConfiguration
    let norm: Norm
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

    /// The loss of one batch and what the backward pass starts from.
    public struct Loss {
        /// Σ weight · (-log p(target)), in nats.
        public var sum: Double
        /// Σ weight.
        public var weight: Double
        /// Positions with a target.
        public var supervisedCount: Int
        /// `d sum / d hidden`, `[N, D]`; nil when no gradient was asked for.
        public var hiddenGradient: Tensor?

        /// Hands the gradient over, so that its memory is free as soon as it has been used.
        mutating func takeHiddenGradient() -> Tensor? {
            defer { hiddenGradient = nil }
            return hiddenGradient
        }
    }

    /// Logits `[N, V]` of the hidden states `[N, D]` that leave the last layer.
    public func logits(_ hidden: Tensor, engine: Engine) -> Tensor {
        let tape = Tape(engine: engine, isRecording: false)
        let normed = norm.forward(Variable(hidden, requiresGradient: false), on: tape)
        let logits = engine.memory.tensor(rows: hidden.rows, columns: configuration.vocabularySize)
        projection.project(normed.value, into: logits, engine: engine)
        return logits
    }

    /// Sum of the weighted cross-entropies at the positions with a target, and its gradient.
    ///
    ///     L = Σ w_t (logsumexp z_t - z_t[target]),   dz_t = w_t (softmax z_t - onehot)
    ///
    /// - Parameters:
    ///   - hidden: hidden states `[N, D]`.
    ///   - targets: N token ids, negative where nothing is supervised.
    ///   - weights: a weight for each row, or nil for 1.
    ///   - wantsGradient: whether `hiddenGradient` and the gradients of trainable head weights are computed.
    public func loss(
        _ hidden: Tensor, targets: [Int32], weights: [Float]?, wantsGradient: Bool, engine: Engine
    ) -> Loss {
        let supervised = targets.indices.filter { targets[$0] >= 0 }
        precondition(
            supervised.allSatisfy { Int(targets[$0]) < configuration.vocabularySize }, "a target outside the vocabulary"
        )
        precondition(targets.count == hidden.rows, "\(targets.count) targets for \(hidden.rows) rows")
        let rowWeights = supervised.map { weights?[$0] ?? 1 }
        var loss = Loss(
            sum: 0, weight: rowWeights.reduce(0) { $0 + Double($1) }, supervisedCount: supervised.count)
        if wantsGradient {
            let gradient = engine.memory.activation(rows: hidden.rows, columns: hidden.columns)
            gradient.fill(0)
            loss.hiddenGradient = gradient
        }
        guard !supervised.isEmpty else { return loss }

        let tape = Tape(engine: engine, isRecording: wantsGradient)
        let gathered = Variable(gather(hidden, rows: supervised, engine: engine), requiresGradient: wantsGradient)
        let normed = norm.forward(gathered, on: tape)
        let dNormed =
            wantsGradient ? engine.memory.activation(rows: supervised.count, columns: hidden.columns) : nil
        loss.sum = tiledLoss(
            normed.value, targets: supervised.map { targets[$0] }, weights: rowWeights, gradient: dNormed,
            engine: engine)
        if let dNormed, let dHidden = loss.hiddenGradient {
            tape.backward(from: normed, gradient: dNormed)
            if let dGathered = gathered.takeGradient() {
                scatter(dGathered, rows: supervised, into: dHidden)
            }
        }
        return loss
    }

    private func tiledLoss(
        _ normed: Tensor, targets: [Int32], weights: [Float], gradient: Tensor?, engine: Engine
    ) -> Double {
        let tile = Self.tileRows(vocabulary: configuration.vocabularySize)
        let buffer = engine.memory.tensor(rows: tile, columns: configuration.vocabularySize)
        var losses = [Double](repeating: 0, count: normed.rows)
        for start in stride(from: 0, to: normed.rows, by: tile) {
            let range = start..<min(start + tile, normed.rows)
            let (x, logits) = (normed.rows(range), buffer.rows(0..<range.count))
            let operations = 2 * Double(logits.count) * Double(x.columns)
            engine.measured(.head, operations: operations) {
                projection.project(x, into: logits, engine: engine)
            }
            targets.withUnsafeBufferPointer { targets in
                weights.withUnsafeBufferPointer { weights in
                    losses.withUnsafeMutableBufferPointer { losses in
                        guard let t = targets.baseAddress, let w = weights.baseAddress, let l = losses.baseAddress
                        else { return }
                        engine.measured(.crossEntropy) {
                            Kernels.crossEntropyRows(
                                engine.threads, logits: logits.pointer, targets: t + start, weights: w + start,
                                rows: range.count, vocabulary: logits.columns, losses: l + start,
                                writeGradient: gradient != nil)
                        }
                    }
                }
            }
            guard let gradient else { continue }
            engine.measured(.head, operations: operations) {
                projection.projectBackward(logits, x: x, into: gradient.rows(range), engine: engine)
            }
        }
        return losses.reduce(0, +)
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
