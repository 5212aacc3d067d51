import CatenaEngine

/// The supervised rows of a micro-batch on their way from the hidden states to a loss over a vocabulary, and back.
///
/// An objective with a measurement, or samples that do not count alike, see the tiles of scores twice: without and with the gradient. Of
/// a single tile the scores are still there.
final class SupervisedRows {
    private let hidden: Tensor
    private let batch: Batch
    private let objective: any Objective
    private let supervision: Supervision
    private let wantsGradient: Bool
    private let engine: Engine
    private var measures: [Double] = []
    /// nil without supervised rows.
    private var scored: (tape: Tape, gathered: Variable, normed: Variable, tiles: ScoreTiles)?

    /// - Parameter tiles: makes the scores of rows after the norm.
    init(
        _ hidden: Tensor, of batch: Batch, _ supervision: Supervision, _ objective: any Objective, norm: Norm?,
        wantsGradient: Bool, engine: Engine, tiles: (Tensor) -> ScoreTiles
    ) {
        (self.hidden, self.batch, self.supervision) = (hidden, batch, supervision)
        (self.objective, self.wantsGradient, self.engine) = (objective, wantsGradient, engine)
        guard !supervision.rows.isEmpty else { return }
        let tape = Tape(engine: engine, isRecording: wantsGradient)
        let gathered = Variable(
            hidden.gathered(supervision.rows, engine.memory), requiresGradient: wantsGradient)
        let normed = norm?.forward(gathered, on: tape) ?? gathered
        scored = (tape, gathered, normed, tiles(normed.value))
    }

    /// Σ of the losses of each segment's rows.
    func measured() -> [Double] {
        guard scored != nil else { return [Double](repeating: 0, count: batch.layout.segmentCount) }
        let losses = scored?.tiles.losses(supervision, objective, gradient: nil) ?? []
        measures = supervision.sums(of: losses, in: batch.layout)
        return measures
    }

    /// The samples as the objective counts them; none where nothing is supervised.
    func weighing() -> Weighing {
        guard scored != nil else { return Weighing(samples: [], factors: []) }
        let measures = measured()
        guard objective.measurement == .none else { return objective.weigh(measures, reference: batch.reference) }
        let weights = supervision.sums(of: supervision.weights.map(Double.init), in: batch.layout)
        return Weighing(
            samples: zip(measures, weights).map { SampleLoss(sum: $0, weight: $1) }, factors: measures.map { _ in 1 })
    }

    /// The loss, and its gradient where that is wanted.
    ///
    /// - Parameter weighing: what the samples count; nil: their rows count as they are.
    func loss(_ weighing: Weighing?) -> Loss {
        var loss = Loss(sum: 0, weight: weighing?.weight ?? supervision.weight, supervisedCount: supervision.rows.count)
        if wantsGradient {
            let gradient = engine.memory.activation(rows: hidden.rows, columns: hidden.columns)
            gradient.fill(0)
            loss.hiddenGradient = gradient
        }
        guard let (tape, gathered, normed, _) = scored else { return loss }
        let dNormed =
            wantsGradient ? engine.memory.activation(rows: supervision.rows.count, columns: hidden.columns) : nil
        if let weighing {
            (loss.sum, loss.metrics, loss.measures) = (weighing.sum, weighing.metrics, measures)
            if dNormed != nil {
                let weighted = supervision.weighted(by: weighing.factors, in: batch.layout)
                _ = scored?.tiles.losses(weighted, objective, gradient: dNormed, reversed: true)
            }
        } else {
            loss.sum = (scored?.tiles.losses(supervision, objective, gradient: dNormed) ?? []).reduce(0, +)
        }
        scored = nil
        if let dNormed, let dHidden = loss.hiddenGradient {
            tape.backward(from: normed, gradient: dNormed)
            if let dGathered = gathered.takeGradient() { dGathered.scatter(supervision.rows, into: dHidden) }
        }
        return loss
    }
}
