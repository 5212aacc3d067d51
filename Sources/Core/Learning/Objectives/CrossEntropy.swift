package import CatenaEngine
package import CatenaModels

/// The objective of classification: one label for each sequence.
///
///     L = Σ_s (logsumexp z_s - z_s[label]),   dz_s = softmax z_s - onehot
package struct CrossEntropy: Objective {
    /// There is nothing to choose.
    package init() {}

    package var demand: HeadDemand { .segments }

    package var metrics: [String] { ["accuracy"] }

    package var lossUnit: String { "nats per text" }

    /// Σ of the segments whose highest score, of equal ones the first, is the label's.
    package func metrics(of scores: Tensor, _ supervision: Supervision) -> [Double] {
        let right = supervision.targets.indices.count { row in
            let own = unsafe UnsafeBufferPointer(start: scores.rows(row..<row + 1).pointer, count: scores.columns)
            return unsafe own.largestPlace == Int(supervision.targets[row])
        }
        return [Double(right)]
    }

    package func supervision(of batch: Batch) -> Supervision {
        let labels = batch.segmentTargets { if case .category(let label) = $0 { label } else { nil } }
        return Supervision(rows: Array(labels.indices), targets: labels, weights: labels.map { _ in 1 })
    }

    package func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        unsafe supervision.crossEntropy(
            of: scores, rows: rows, into: losses, writesGradient: writesGradient, engine: engine)
    }
}

extension Supervision {
    /// `w (logsumexp z - z[target])` of a tile of scores, and with `writesGradient` its gradient `w (softmax z - onehot)` in the
    /// scores' place.
    func crossEntropy(
        of scores: Tensor, rows: Range<Int>, into losses: UnsafeMutablePointer<Double>, writesGradient: Bool,
        engine: Engine
    ) {
        unsafe targets.withUnsafeBufferPointer { targets in
            unsafe weights.withUnsafeBufferPointer { weights in
                guard let targets = targets.baseAddress, let weights = weights.baseAddress else { return }
                engine.measured(.crossEntropy) {
                    unsafe Kernels.crossEntropyRows(
                        engine.threads, logits: scores.pointer, targets: targets + rows.lowerBound,
                        weights: weights + rows.lowerBound, rows: rows.count, vocabulary: scores.columns,
                        losses: losses, writeGradient: writesGradient)
                }
            }
        }
    }
}
