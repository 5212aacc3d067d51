package import CatenaEngine
import CatenaFiles
package import CatenaModels
import Foundation

/// Classification that also stays close to what a teacher said of the first classes.
///
///     L = Σ_s (1 - λ) CE_s + λ KD_s,   KD_s = - Σ_{k ≤ n} q̂_k log q_k,   q = softmax(z_1..n / T),   q̂ = softmax(ẑ_1..n / T)
///     dz_k = (1 - λ) (softmax z - onehot)_k + [k ≤ n] λ / T (q_k - q̂_k)
///
/// The teacher's scores ẑ `[samples, n]` are made once, before training; a sample's are found by the number of its example. There is no
/// factor T².
///
/// - Source: Zhao et al. 2020, arXiv:1911.07053, as in the first author's code and in PyCIL `models/wa.py`.
package struct Distillation: Objective {
    private let teacher: Teacher
    private let weight: Double
    private let temperature: Double
    private let classification = CrossEntropy()

    /// What the teacher said.
    package struct Teacher: Sendable {
        /// The name of the tensor in the file.
        package static let tensor = "scores"
        /// n.
        package let classCount: Int
        /// How many samples it judged.
        package let sampleCount: Int
        private let scores: [Float]

        /// Scores row by row.
        package init(scores: [Float], classCount: Int) {
            (self.scores, self.classCount) = (scores, classCount)
            sampleCount = classCount > 0 ? scores.count / classCount : 0
        }

        /// The tensor `scores` of a safetensors file.
        ///
        /// - Throws: ``FileError`` for a file that does not hold a matrix of that name.
        package init(path: String) throws {
            let file = try SafetensorsFile(path: path)
            guard let stored = file.tensors[Self.tensor] else {
                throw FileError.missingTensor(
                    path: path, tensor: Self.tensor, nearest: Array(file.tensors.keys.sorted().prefix(3)))
            }
            guard stored.shape.count == 2, stored.shape[1] > 0 else {
                throw FileError.wrongShape(path: path, tensor: Self.tensor, expected: [0, 1], actual: stored.shape)
            }
            self.init(scores: try stored.floats(), classCount: stored.shape[1])
        }

        /// The scores of a sample.
        func row(_ sample: Int) -> ArraySlice<Float> { scores[sample * classCount..<(sample + 1) * classCount] }
    }

    /// - Parameters:
    ///   - weight: λ, 0 to 1.
    ///   - temperature: T, above 0.
    package init(_ teacher: Teacher, weight: Double, temperature: Double) {
        (self.teacher, self.weight, self.temperature) = (teacher, weight, temperature)
    }

    package var demand: HeadDemand { .segments }
    package var metrics: [String] { classification.metrics + ["distillation_loss"] }
    package var lossUnit: String { classification.lossUnit }

    package func metrics(of scores: Tensor, _ supervision: Supervision) -> [Double] {
        let kept = supervision.samples.enumerated().reduce(0.0) { sum, place in
            let distributions = distributions(scores, row: place.offset, sample: place.element)
            return sum + loss(distributions)
        }
        return classification.metrics(of: scores, supervision) + [kept]
    }

    package func supervision(of batch: Batch) -> Supervision {
        var supervision = classification.supervision(of: batch)
        supervision.samples = batch.exampleIndices
        precondition(
            supervision.samples.count == supervision.rows.count
                && supervision.samples.allSatisfy((0..<teacher.sampleCount).contains),
            "a sample that the teacher has not seen")
        return supervision
    }

    package func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        let kept = rows.enumerated().map { place, row in
            distributions(scores, row: place, sample: supervision.samples[row])
        }
        unsafe classification.losses(
            of: scores, rows: rows, supervision, into: losses, writesGradient: writesGradient, engine: engine)
        for (place, row) in rows.enumerated() {
            let share = Double(supervision.weights[row])
            unsafe losses[place] = (1 - weight) * losses[place] + weight * share * loss(kept[place])
            guard writesGradient else { continue }
            let gradient = unsafe scores.pointer + place * scores.columns
            for column in 0..<scores.columns { unsafe gradient[column] *= Float(1 - weight) }
            for (column, (own, teacher)) in zip(kept[place].own, kept[place].teacher).enumerated() {
                unsafe gradient[column] += Float(weight * share / temperature * (own - teacher))
            }
        }
    }

    /// q and q̂ of a row of scores.
    private func distributions(_ scores: Tensor, row: Int, sample: Int) -> (own: [Double], teacher: [Double]) {
        let own = unsafe UnsafeBufferPointer(start: scores.rows(row..<row + 1).pointer, count: teacher.classCount)
        return (unsafe softmax(own), softmax(teacher.row(sample)))
    }

    private func loss(_ distributions: (own: [Double], teacher: [Double])) -> Double {
        -zip(distributions.own, distributions.teacher).reduce(0) { $0 + $1.1 * log(max($1.0, .leastNormalMagnitude)) }
    }

    private func softmax(_ scores: some Collection<Float>) -> [Double] {
        let largest = scores.max() ?? 0
        let exponentials = scores.map { exp(Double($0 - largest) / temperature) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }
}

extension Distillation {
    /// The objective with the section's numbers.
    ///
    /// - Parameter classCount: the classes that the model tells apart.
    /// - Throws: ``FileError`` for a file without scores, ``DataError/invalidSetting(name:value:expected:)`` for more scores than classes.
    package init(_ section: RunConfiguration.DistillationSection, classCount: Int) throws {
        let teacher = try Teacher(path: section.scores)
        guard teacher.classCount <= classCount else {
            throw DataError.invalidSetting(
                name: "distillation.scores", value: "\(teacher.classCount) scores of a sample",
                expected: "at most \(classCount), one for each of the first classes")
        }
        self.init(teacher, weight: section.weight, temperature: section.temperature)
    }

    /// Checks that the teacher has judged as many samples as there are.
    ///
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)``.
    package func requireSamples(_ count: Int) throws(DataError) {
        guard teacher.sampleCount == count else {
            throw .invalidSetting(
                name: "distillation.scores", value: "\(teacher.sampleCount) rows",
                expected: "\(count), one for each training sample")
        }
    }
}
