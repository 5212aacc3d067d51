/// Mean and deviation of each column over each group of rows, `[groups, D]`.
package struct ColumnStatistics {
    /// Means.
    package let mean: Tensor
    /// `1 / √(variance + ε)`.
    package let inverseDeviation: Tensor
}

extension Tape {
    /// Normalises each column over each group of neighbouring rows: `Y = (X - mean) / √(variance + ε) ⊙ w + b`.
    ///
    /// X `[N, D]`, w and b `[1, D]`; a group has `groupRows` rows, the last one maybe fewer. One group an image is instance
    /// normalisation, one for several images is batch normalisation over them. The variance is the biased one. Y is recomputed in
    /// the backward pass; the statistics are kept.
    ///
    ///     x̂ = (X - mean) s,  s = 1/√(variance + ε)
    ///     dw = Σ dY ⊙ x̂,   db = Σ dY,   dX = w s (dY - mean(dY) - x̂ mean(dY ⊙ x̂))
    ///
    /// - Parameter backwardReached: called once in the backward pass, when the statistics have come to count.
    /// - Source: Ulyanov, Vedaldi and Lempitsky 2016, *Instance Normalization*, arXiv:1607.08022; Ioffe and Szegedy 2015, *Batch
    ///   Normalization*, arXiv:1502.03167.
    package func columnNorm(
        _ x: Variable, _ weight: Variable, _ bias: Variable, groupRows: Int, epsilon: Float,
        backwardReached: @escaping (ColumnStatistics) -> Void = { _ in }
    ) -> Variable {
        let (rows, width) = (x.value.rows, x.value.columns)
        precondition(groupRows > 0, "a group of \(groupRows) rows")
        let groups = (rows + groupRows - 1) / groupRows
        let engine = engine
        let statistics = ColumnStatistics(
            mean: engine.memory.tensor(rows: groups, columns: width),
            inverseDeviation: engine.memory.tensor(rows: groups, columns: width))
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: rows, columns: width)
            engine.measured(.norm) {
                Kernels.columnNorm(
                    engine.threads, x: x.value.pointer, weight: weight.value.pointer, bias: bias.value.pointer,
                    y: y.pointer, mean: statistics.mean.pointer,
                    inverseDeviation: statistics.inverseDeviation.pointer, rows: rows, width: width,
                    groupRows: groupRows, epsilon: epsilon)
            }
            return y
        }
        let output = recomputable(
            compute(), requiresGradient: x.requiresGradient || weight.requiresGradient || bias.requiresGradient,
            compute)
        record(output) { dY in
            let dWeight = engine.memory.tensor(rows: groups, columns: width)
            let dBias = engine.memory.tensor(rows: groups, columns: width)
            let backward = { (dX: Tensor?, accumulate: Bool) in
                engine.measured(.norm) {
                    Kernels.columnNormBackward(
                        engine.threads, dY: dY.pointer, x: x.value.pointer, weight: weight.value.pointer,
                        mean: statistics.mean.pointer, inverseDeviation: statistics.inverseDeviation.pointer,
                        dX: dX?.pointer, accumulate: accumulate, dWeight: dWeight.pointer, dBias: dBias.pointer,
                        rows: rows, width: width, groupRows: groupRows)
                }
            }
            if x.requiresGradient { x.addGradient(engine.memory, backward) } else { backward(nil, false) }
            for (vector, sums) in [(weight, dWeight), (bias, dBias)] {
                vector.addGradient(engine.memory) { gradient, accumulate in
                    if !accumulate { gradient.fill(0) }
                    Kernels.columnSum(
                        engine.threads, x: sums.pointer, ld: width, addedTo: gradient.pointer, rows: groups,
                        width: width)
                }
            }
            backwardReached(statistics)
        }
        return output
    }

    /// `Y = X ⊙ a + c` on every row, with constant a and c `[1, D]`; X and Y `[N, D]`.
    ///
    ///     dX = dY ⊙ a
    package func scaledAndShifted(_ x: Variable, scale: Tensor, shift: Tensor) -> Variable {
        let engine = engine
        let (rows, width) = (x.value.rows, x.value.columns)
        let y = engine.memory.activation(rows: rows, columns: width)
        engine.measured(.norm) {
            Kernels.scaleShift(
                engine.threads, x: x.value.pointer, scale: scale.pointer, shift: shift.pointer, y: y.pointer,
                accumulate: false, rows: rows, width: width)
        }
        let output = Variable(y, requiresGradient: x.requiresGradient)
        record(output) { dY in
            x.addGradient(engine.memory) { dX, accumulate in
                engine.measured(.norm) {
                    Kernels.scaleShift(
                        engine.threads, x: dY.pointer, scale: scale.pointer, shift: nil, y: dX.pointer,
                        accumulate: accumulate, rows: rows, width: width)
                }
            }
        }
        return output
    }
}
