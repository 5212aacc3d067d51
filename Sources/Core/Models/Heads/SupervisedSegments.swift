import CatenaEngine

/// The segments of a micro-batch on their way from the hidden states to a loss over a head's scores, and back.
final class SupervisedSegments {
    private let hidden: Tensor
    /// The row of the hidden states that speaks for each segment.
    private let places: [Int]
    private let supervision: Supervision
    private let objective: any Objective
    private let tape: Tape
    /// nil without segments.
    private let scored: (pooled: Variable, scores: Variable)?

    /// - Parameter scores: `[S, D]` to `[S, C]`.
    init(
        _ hidden: Tensor, places: [Int], _ supervision: Supervision, _ objective: any Objective, tape: Tape,
        scores: (Variable, Tape) -> Variable
    ) {
        (self.hidden, self.places, self.supervision) = (hidden, places, supervision)
        (self.objective, self.tape) = (objective, tape)
        guard !places.isEmpty else {
            scored = nil
            return
        }
        let pooled = Variable(hidden.gathered(places, tape.engine.memory), requiresGradient: tape.isRecording)
        scored = (pooled, scores(pooled, tape))
    }

    /// A sample is a segment.
    func weighing() -> Weighing {
        guard let scored else { return Weighing(samples: [], factors: []) }
        let (losses, _) = losses(of: scored.scores.value, supervision, writesGradient: false)
        return Weighing(
            samples: zip(losses, supervision.weights).map { SampleLoss(sum: $0, weight: Double($1)) },
            factors: losses.map { _ in 1 }, metrics: objective.metrics(of: scored.scores.value, supervision))
    }

    /// The loss, and its gradient where the tape is recording.
    ///
    /// - Parameter weighing: what the samples count; nil: as they are.
    func loss(_ weighing: Weighing?) -> Loss {
        var loss = Loss(sum: 0, weight: weighing?.weight ?? supervision.weight, supervisedCount: places.count)
        let memory = tape.engine.memory
        if tape.isRecording {
            let gradient = memory.activation(rows: hidden.rows, columns: hidden.columns)
            gradient.fill(0)
            loss.hiddenGradient = gradient
        }
        guard let (pooled, scores) = scored else { return loss }
        loss.metrics = objective.metrics(of: scores.value, supervision)
        let weighted = weighing.map { supervision.weighted(by: $0.factors) } ?? supervision
        let (losses, verdict) = losses(of: scores.value, weighted, writesGradient: tape.isRecording)
        loss.sum = weighing?.sum ?? losses.reduce(0, +)
        if let dHidden = loss.hiddenGradient {
            tape.backward(from: scores, gradient: verdict)
            pooled.takeGradient()?.scatter(places, into: dHidden)
        }
        return loss
    }

    /// The losses, and with `writesGradient` the gradient of their sum by the scores.
    private func losses(
        of scores: Tensor, _ supervision: Supervision, writesGradient: Bool
    ) -> (losses: [Double], verdict: Tensor) {
        // The objective writes the gradient in the scores' place.
        let verdict = tape.engine.memory.activation(rows: scores.rows, columns: scores.columns)
        verdict.copy(from: scores)
        var losses = [Double](repeating: 0, count: places.count)
        unsafe losses.withUnsafeMutableBufferPointer { losses in
            guard let first = losses.baseAddress else { return }
            unsafe objective.losses(
                of: verdict, rows: 0..<places.count, supervision, into: first, writesGradient: writesGradient,
                engine: tape.engine)
        }
        return (losses, verdict)
    }
}
