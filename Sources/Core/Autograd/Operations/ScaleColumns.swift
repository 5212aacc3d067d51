extension Tape {
    /// `Y[i, j] = X[i, j] d[j]`; X `[m, r]`, d `[1, r]`.
    ///
    ///     dX[i, j] = dY[i, j] d[j],   dd[j] = Σ_i dY[i, j] X[i, j]
    package func scaleColumns(of x: Variable, by diagonal: Variable) -> Variable {
        let (rows, columns) = (x.value.rows, x.value.columns)
        precondition(diagonal.value.count == columns, "\(diagonal.value.count) factors for \(columns) columns")
        func scale(_ source: Tensor, into target: Tensor, accumulate: Bool) {
            let factors = diagonal.value.pointer
            for row in 0..<rows {
                for index in row * columns..<(row + 1) * columns {
                    let scaled = source.pointer[index] * factors[index - row * columns]
                    target.pointer[index] = accumulate ? target.pointer[index] + scaled : scaled
                }
            }
        }
        let y = engine.memory.tensor(rows: rows, columns: columns)
        scale(x.value, into: y, accumulate: false)
        let output = Variable(y, requiresGradient: x.requiresGradient || diagonal.requiresGradient)
        record(output) { [engine] dY in
            diagonal.addGradient(engine.memory) { dDiagonal, accumulate in
                if !accumulate { dDiagonal.fill(0) }
                let (source, values) = (dY.pointer, x.value.pointer)
                for row in 0..<rows {
                    for column in 0..<columns {
                        let index = row * columns + column
                        dDiagonal.pointer[column] += source[index] * values[index]
                    }
                }
            }
            x.addGradient(engine.memory) { dX, accumulate in scale(dY, into: dX, accumulate: accumulate) }
        }
        return output
    }
}
