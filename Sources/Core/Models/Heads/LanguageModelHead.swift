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
        let rows = rows(hidden, of: batch, objective, wantsGradient: wantsGradient, engine: engine)
        if let weighing = batch.weighing { return rows.loss(weighing) }
        return rows.loss(objective.measurement == .none ? nil : rows.weighing())
    }

    public func judged(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> JudgedBatch {
        let rows = rows(hidden, of: batch, objective, wantsGradient: true, engine: engine)
        return JudgedBatch(weighing: rows.weighing()) { rows.loss($0) }
    }

    public func measures(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> [Double] {
        rows(hidden, of: batch, objective, wantsGradient: false, engine: engine).measured()
    }

    private func rows(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> SupervisedRows {
        precondition(batch.tokenCount == hidden.rows, "\(batch.tokenCount) tokens for \(hidden.rows) rows")
        let supervision = objective.supervision(of: batch)
        precondition(
            supervision.targets.allSatisfy { Int($0) < configuration.vocabularySize }, "a target outside the vocabulary"
        )
        return SupervisedRows(
            hidden, of: batch, supervision, objective, norm: norm, wantsGradient: wantsGradient, engine: engine
        ) { normed in
            ScoreTiles(
                normed, projection: projection, cap: configuration.headSoftCap, wantsGradient: wantsGradient,
                engine: engine)
        }
    }
}
