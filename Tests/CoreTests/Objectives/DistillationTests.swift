import CatenaEngine
import CatenaLearning
import CatenaModels
import Foundation
import Testing

@Suite("Distillation")
struct DistillationTests {
    private let engine = Engine(threads: 1)
    private let teacher = Distillation.Teacher(scores: [1, -1, 0.5, 2, 0, -2], classCount: 2)

    private var batch: Batch {
        var batch = Batch()
        for (example, category) in [(2, Int32(3)), (0, 1)] {
            batch.inputIds.append(0)
            batch.targets.append(-100)
            batch.layout.append(1)
            batch.exampleIndices.append(example)
            batch.segmentTargets.append(.category(category))
        }
        return batch
    }

    private func tensor(_ values: [Float]) -> Tensor {
        let tensor = engine.memory.tensor(rows: 2, columns: 4)
        tensor.copy(from: values)
        return tensor
    }

    private func losses(_ scores: [Float], gradient: Bool) -> (losses: [Double], gradient: [Float]) {
        let objective = Distillation(teacher, weight: 0.4, temperature: 2)
        let supervision = objective.supervision(of: batch)
        let scores = tensor(scores)
        var losses = [Double](repeating: 0, count: 2)
        losses.withUnsafeMutableBufferPointer { pointer in
            guard let first = pointer.baseAddress else { return }
            objective.losses(
                of: scores, rows: 0..<2, supervision, into: first, writesGradient: gradient, engine: engine)
        }
        return (losses, scores.elements())
    }

    private let scores: [Float] = [0.3, -0.7, 1.1, 0.2, -0.4, 0.9, 0.6, -1.2]

    @Test("the loss is (1 - λ) CE + λ KD over the first classes, by the sample's own row of the teacher, without T²")
    func formula() {
        let found = losses(scores, gradient: false).losses
        for (row, (sample, target)) in [(2, 3), (0, 1)].enumerated() {
            let z = scores[row * 4..<row * 4 + 4].map(Double.init)
            let crossEntropy = log(z.reduce(0) { $0 + exp($1) }) - z[target]
            let said = [[1, -1], [0.5, 2], [0, -2]][sample].map { exp($0 / 2) }
            let own = z.prefix(2).map { exp($0 / 2) }
            let kept = -(0..<2).reduce(0.0) { sum, k in
                sum + said[k] / (said[0] + said[1]) * log(own[k] / (own[0] + own[1]))
            }
            #expect(abs(found[row] - (0.6 * crossEntropy + 0.4 * kept)) < 1e-6)
        }
    }

    @Test("the gradient is the loss's by differences")
    func gradient() {
        let gradient = losses(scores, gradient: true).gradient
        for index in scores.indices {
            func moved(_ step: Float) -> Double {
                var other = scores
                other[index] += step
                return losses(other, gradient: false).losses.reduce(0, +)
            }
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2
            #expect(abs(Double(gradient[index]) - difference) < 2e-4, "score \(index)")
        }
    }
}
