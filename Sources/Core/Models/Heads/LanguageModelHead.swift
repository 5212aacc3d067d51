public import CatenaEngine

/// The final norm and the projection to the vocabulary, whose scores an objective turns into a loss.
///
/// The projection costs as much as several layers, so it runs only where there is a target, and in
/// tiles of rows so that the logits of a whole batch never exist.
public final class LanguageModelHead: Head {
    private let configuration: ModelConfiguration
    private let norm: Norm?
    private let projection: TokenEmbedding

    /// Rows of logits computed at once for a vocabulary of this size.
    ///
    /// The matrix is read anew for each tile: 512 rows are enough that this costs little beside the products. A tile has at
    /// most 2²⁵ logits (128 MB) unless 128 rows have more.
    package static func tileRows(vocabulary: Int) -> Int {
        min(512, max(128, (1 << 25) / max(vocabulary, 1) / 64 * 64))
    }

    init(configuration: ModelConfiguration, norm: Norm?, projection: TokenEmbedding) {
        self.configuration = configuration
        self.norm = norm
        self.projection = projection
    }

    /// Logits `[N, V]` of the hidden states `[N, D]` that leave the last layer.
    public func logits(_ hidden: Tensor, engine: Engine) -> Tensor {
        let tape = Tape(engine: engine, isRecording: false)
        let x = Variable(hidden, requiresGradient: false)
        let normed = norm?.forward(x, on: tape) ?? x
        let logits = engine.memory.tensor(rows: hidden.rows, columns: configuration.vocabularySize)
        projection.project(normed.value, into: logits, engine: engine)
        if let cap = configuration.headSoftCap {
            unsafe Kernels.softCap(engine.threads, x: logits.pointer, slopes: nil, cap: cap, count: logits.count)
        }
        return logits
    }

    public var demand: HeadDemand { .tokens }

    public var normVectors: [LayerVector] { norm?.vectors ?? [] }

    public func scores(_ hidden: Tensor, layout: SequenceLayout, engine: Engine) -> Tensor {
        logits(hidden, engine: engine)
    }

    public func loss(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> Loss {
        let supervision = supervision(of: batch, objective, rows: hidden.rows)
        let rows = supervision.rows
        var loss = Loss(sum: 0, weight: supervision.weight, supervisedCount: rows.count)
        if wantsGradient {
            let gradient = engine.memory.activation(rows: hidden.rows, columns: hidden.columns)
            gradient.fill(0)
            loss.hiddenGradient = gradient
        }
        guard !rows.isEmpty else { return loss }

        let tape = Tape(engine: engine, isRecording: wantsGradient)
        let gathered = Variable(hidden.gathered(rows, engine.memory), requiresGradient: wantsGradient)
        let normed = norm?.forward(gathered, on: tape) ?? gathered
        let dNormed = wantsGradient ? engine.memory.activation(rows: rows.count, columns: hidden.columns) : nil
        var tiles = tiles(normed.value, wantsGradient: wantsGradient, engine: engine)
        if objective.measurement == .none {
            loss.sum = tiles.losses(supervision, objective, gradient: dNormed).reduce(0, +)
        } else {
            loss.measures = supervision.sums(
                of: tiles.losses(supervision, objective, gradient: nil), in: batch.layout)
            let weighing = objective.weigh(loss.measures, reference: batch.reference)
            (loss.sum, loss.weight, loss.metrics) = (weighing.sum, weighing.weight, weighing.metrics)
            if dNormed != nil {
                let weighted = supervision.weighted(by: weighing.factors, in: batch.layout)
                _ = tiles.losses(weighted, objective, gradient: dNormed, reversed: true)
            }
        }
        if let dNormed, let dHidden = loss.hiddenGradient {
            tape.backward(from: normed, gradient: dNormed)
            if let dGathered = gathered.takeGradient() {
                dGathered.scatter(rows, into: dHidden)
            }
        }
        return loss
    }

    public func measures(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> [Double] {
        let supervision = supervision(of: batch, objective, rows: hidden.rows)
        guard !supervision.rows.isEmpty else { return [Double](repeating: 0, count: batch.layout.segmentCount) }
        let gathered = Variable(hidden.gathered(supervision.rows, engine.memory), requiresGradient: false)
        let normed = norm?.forward(gathered, on: Tape(engine: engine, isRecording: false)) ?? gathered
        var tiles = tiles(normed.value, wantsGradient: false, engine: engine)
        return supervision.sums(of: tiles.losses(supervision, objective, gradient: nil), in: batch.layout)
    }

    private func supervision(of batch: Batch, _ objective: any Objective, rows: Int) -> Supervision {
        precondition(batch.tokenCount == rows, "\(batch.tokenCount) tokens for \(rows) rows")
        let supervision = objective.supervision(of: batch)
        precondition(
            supervision.targets.allSatisfy { Int($0) < configuration.vocabularySize }, "a target outside the vocabulary"
        )
        return supervision
    }

    private func tiles(_ normed: Tensor, wantsGradient: Bool, engine: Engine) -> ScoreTiles {
        ScoreTiles(
            normed, projection: projection, cap: configuration.headSoftCap, wantsGradient: wantsGradient, engine: engine
        )
    }
}
