extension Tape {
    /// `Y = X ⊙ l` on every row; X and Y `[N, n]`, l of n numbers in any shape. Y is recomputed in the backward pass.
    ///
    ///     dl = Σ rows of dY ⊙ X,   dX = dY ⊙ l      (not in dY's memory, which a residual shares)
    public func scaleColumns(of x: Variable, by l: Variable) -> Variable {
        let engine = engine
        precondition(l.value.count == x.value.columns, "\(l.value.count) factors for \(x.value.columns) columns")
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: x.value.rows, columns: x.value.columns)
            engine.scaleColumns(x.value, by: l.value, into: y)
            return y
        }
        let output = recomputable(compute(), requiresGradient: x.requiresGradient || l.requiresGradient, compute)
        record(output) { dY in
            l.addGradient(engine.memory) { dL, accumulate in
                if !accumulate { dL.fill(0) }
                engine.addColumnDots(dY, x.value, to: dL)
            }
            x.addGradient(engine.memory) { dX, accumulate in
                engine.scaleColumns(dY, by: l.value, into: dX, accumulate: accumulate)
            }
        }
        return output
    }
}

extension Engine {
    /// `y[t, :] = x[t, :] ⊙ l`, or `y[t, :] += …`.
    package func scaleColumns(_ x: Tensor, by l: Tensor, into y: Tensor, accumulate: Bool = false) {
        let (width, factors) = (x.columns, l.pointer)
        threads.runRows(x.rows, minimumPerTask: max(1, 16384 / max(width, 1))) { rows in
            for row in rows {
                let (source, target) = (x.pointer + row * width, y.pointer + row * width)
                if accumulate {
                    for column in 0..<width { target[column] += source[column] * factors[column] }
                } else {
                    for column in 0..<width { target[column] = source[column] * factors[column] }
                }
            }
        }
    }

    /// `sums[j] += Σ x[t, j] y[t, j]`, rows in ascending order in every column.
    fileprivate func addColumnDots(_ x: Tensor, _ y: Tensor, to sums: Tensor) {
        let width = x.columns
        threads.runRows(width, minimumPerTask: 256) { columns in
            let target = sums.pointer
            for row in 0..<x.rows {
                let (left, right) = (x.pointer + row * width, y.pointer + row * width)
                for column in columns { target[column] += left[column] * right[column] }
            }
        }
    }
}
