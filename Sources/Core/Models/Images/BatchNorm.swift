import CatenaEngine

/// Normalisation of each channel over the pixels of several images in training, and by running statistics otherwise.
///
///     training    Y = (X - mean) / √(variance + ε) ⊙ w + b      of `groupImages` neighbouring images of the global batch
///     otherwise   Y = (X - m) / √(v + ε) ⊙ w + b                m, v: running statistics
///
/// How many images there are in a group is said by the model and not by the micro-batch or by the number of processes, so that the
/// result depends on neither ("ghost batch normalisation"); a run's micro-batches hold whole groups. It is in training where the model
/// is trained and the pass records.
///
/// - Source: Ioffe and Szegedy 2015, arXiv:1502.03167; Hoffer, Hubara and Soudry 2017, *Train longer, generalize better*,
///   arXiv:1705.08741.
final class BatchNorm {
    private let scale, bias: LayerVector
    let statistics: RunningStatistics
    private let epsilon: Float
    private let groupImages: Int

    /// The norm whose tensors are `path.weight`, `path.bias`, `path.running_mean` and `path.running_var`.
    init(path: String, width: Int, images: ImageConfiguration, weights: any WeightStore) throws {
        scale = try LayerVector(decaying: path + ".weight", count: width, neutral: .one, weights)
        bias = try LayerVector(decaying: path + ".bias", count: width, weights)
        statistics = try RunningStatistics(path: path, width: width, weights: weights)
        (epsilon, groupImages) = (images.normEpsilon, images.normImages)
    }

    var vectors: [LayerVector] { [scale, bias] }

    var isTrained: Bool { vectors.contains(where: \.isTrained) }

    func forward(_ x: Variable, on grid: ImageGrid, _ tape: Tape) -> Variable {
        guard tape.isRecording, statistics.areTrained else { return frozen(x, tape) }
        let (rows, groupRows) = (x.value.rows, groupImages * grid.area)
        return tape.columnNorm(x, scale.variable, bias.variable, groupRows: groupRows, epsilon: epsilon) {
            [statistics, epsilon] found in
            statistics.add(found, rows: rows, groupRows: groupRows, imageRows: grid.area, epsilon: epsilon)
        }
    }

    private func frozen(_ x: Variable, _ tape: Tape) -> Variable {
        let width = x.value.columns
        let (a, c) = (
            tape.engine.memory.tensor(rows: 1, columns: width), tape.engine.memory.tensor(rows: 1, columns: width)
        )
        let (mean, variance) = (statistics.mean.value, statistics.variance.value)
        for i in 0..<width {
            unsafe a.pointer[i] = scale.value.pointer[i] / (variance.pointer[i] + epsilon).squareRoot()
            unsafe c.pointer[i] = bias.value.pointer[i] - mean.pointer[i] * a.pointer[i]
        }
        return tape.scaledAndShifted(x, scale: a, shift: c)
    }
}

/// The running mean and variance of a batch normalisation.
///
/// They are parameters that no optimizer moves: what stands in the place of their gradient is the sum over the step's images of the
/// statistics that the images were normalised with, which is added up over micro-batches and processes as gradients are.
///
///     m ← 0.9 m + 0.1 Σ n mean / Σ n      v ← 0.9 v + 0.1 Σ n r / (r - 1) variance / Σ n      n images, r rows of a group
public final class RunningStatistics {
    /// `[1, C]`.
    package let mean, variance: LayerVector
    /// `[1, 1]`: how many images the sums are of; not in files.
    private let images: LayerVector
    private var taken: (count: Float, means: [Float], variances: [Float])?
    private static let momentum: Float = 0.1

    init(path: String, width: Int, weights: any WeightStore) throws {
        func vector(_ name: String, _ value: Tensor) -> LayerVector {
            LayerVector(name: path + name, value: value, decays: false, isStatistic: true)
        }
        mean = vector(".running_mean", try weights.vector(path + ".running_mean", count: width))
        variance = vector(".running_var", try weights.vector(path + ".running_var", count: width))
        let storage = TensorMemory().zeros(rows: 1, columns: 1)
        images = vector(".running_images", storage)
    }

    /// The vectors that are trained with the model.
    package var vectors: [LayerVector] { [mean, variance, images] }

    /// The vectors that files have.
    package var filedVectors: [LayerVector] { [mean, variance] }

    var areTrained: Bool { mean.isTrained }

    /// Adds the statistics of the groups of a micro-batch.
    fileprivate func add(
        _ found: ColumnStatistics, rows: Int, groupRows: Int, imageRows: Int, epsilon: Float
    ) {
        guard let means = mean.variable.gradient, let variances = variance.variable.gradient,
            let counts = images.variable.gradient
        else { return }
        for group in 0..<found.mean.rows {
            let size = min(groupRows, rows - group * groupRows)
            let count = Float(size / imageRows)
            let unbiased = Float(size) / Float(max(size - 1, 1))
            unsafe counts.pointer[0] += count
            for i in 0..<found.mean.columns {
                let at = group * found.mean.columns + i
                let inverse = unsafe found.inverseDeviation.pointer[at]
                unsafe means.pointer[i] += count * found.mean.pointer[at]
                unsafe variances.pointer[i] += count * unbiased * max(1 / (inverse * inverse) - epsilon, 0)
            }
        }
    }

    /// Takes the sums of the step out of the gradients, where they are none for anybody else.
    package func takeSums() {
        guard let means = mean.variable.gradient, let variances = variance.variable.gradient,
            let counts = images.variable.gradient
        else { return }
        taken = (unsafe counts.pointer[0], means.elements(), variances.elements())
        for sums in [means, variances, counts] { sums.fill(0) }
    }

    /// Moves the statistics towards the sums that were taken; takes them first where nobody has.
    package func update() {
        if taken == nil { takeSums() }
        guard let (count, means, variances) = taken else { return }
        taken = nil
        guard count > 0 else { return }
        for (running, sums) in [(mean.value, means), (variance.value, variances)] {
            for i in 0..<running.count {
                let old = unsafe running.pointer[i]
                unsafe running.pointer[i] = old + Self.momentum * (sums[i] / count - old)
            }
        }
    }
}
