import CatenaEngine

/// What a model made of a sequence that is judged as a whole.
public struct SegmentJudgement: Sendable, Equatable {
    /// What it is.
    public let target: SegmentTarget
    /// The class with the highest score, of equal ones the first, or the number.
    public let prediction: SegmentTarget
    /// Whether all scores are finite.
    public let isFinite: Bool

    /// - Parameter scores: of the sequence, one a class or one number.
    init(target: SegmentTarget, scores: UnsafeBufferPointer<Float>) {
        self.target = target
        isFinite = unsafe scores.allSatisfy(\.isFinite)
        switch target {
        case .category: prediction = unsafe .category(Int32(scores.largestPlace))
        case .value: prediction = unsafe .value(scores[0])
        }
    }

    /// A judgement of its parts.
    public init(target: SegmentTarget, prediction: SegmentTarget) {
        (self.target, self.prediction, isFinite) = (target, prediction, true)
    }
}

extension Head {
    /// What the segments of `batch` are judged as, by the hidden states `[N, D]` that leave the last layer.
    func judgements(_ hidden: Tensor, of batch: Batch, engine: Engine) -> [SegmentJudgement] {
        guard !batch.segmentTargets.isEmpty else { return [] }
        let scores = scores(hidden, layout: batch.layout, engine: engine)
        return batch.segmentTargets.enumerated().map { index, target in
            unsafe SegmentJudgement(
                target: target,
                scores: UnsafeBufferPointer(start: scores.rows(index..<index + 1).pointer, count: scores.columns))
        }
    }
}

extension Collection where Element == Float, Index == Int {
    /// The place of the largest, of equal ones the first.
    package var largestPlace: Int { dropFirst().indices.reduce(startIndex) { self[$1] > self[$0] ? $1 : $0 } }
}
