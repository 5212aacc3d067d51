extension Tape {
    /// `C = diag(u) A` for the upper left part of A that C's shape cuts out; A `[≥ m, ≥ n]`, u of m elements, C `[m, n]`.
    ///
    ///     dAᵢⱼ = uᵢ dCᵢⱼ,   duᵢ = Σⱼ dCᵢⱼ Aᵢⱼ      (C is made again in the backward pass rather than kept)
    ///
    /// - Parameter columns: n; by default all of A's.
    public func scaleRows(of a: Variable, by u: Variable, columns: Int? = nil) -> Variable {
        let (rows, columns) = (u.value.count, columns ?? a.value.columns)
        precondition(
            rows <= a.value.rows && columns <= a.value.columns,
            "a [\(rows), \(columns)] part of [\(a.value.rows), \(a.value.columns)]")
        let compute = { [engine] () -> Tensor in
            let c = engine.memory.tensor(rows: rows, columns: columns)
            Self.scaleRows(of: a.value, by: u.value, into: c, accumulate: false, engine: engine)
            return c
        }
        let output = recomputable(compute(), requiresGradient: a.requiresGradient || u.requiresGradient, compute)
        record(output) { [engine] dC in
            u.addGradient(engine.memory) { du, accumulate in
                if !accumulate { du.fill(0) }
                let source = a.value
                engine.threads.runRows(rows, minimumPerTask: Self.rowsPerTask(columns)) { range in
                    for row in range {
                        let sum = Kernels.dot(
                            engine.threads, x: dC.pointer + row * columns, y: source.pointer + row * source.columns,
                            count: columns)
                        du.pointer[row] += Float(sum)
                    }
                }
            }
            a.addGradient(engine.memory) { dA, accumulate in
                if !accumulate { dA.fill(0) }
                Self.scaleRows(of: dC, by: u.value, into: dA, accumulate: true, engine: engine)
            }
        }
        return output
    }

    /// `C (+)= diag(u) A` on the part that both have.
    private static func scaleRows(of a: Tensor, by u: Tensor, into c: Tensor, accumulate: Bool, engine: Engine) {
        let columns = min(a.columns, c.columns)
        engine.threads.runRows(u.count, minimumPerTask: rowsPerTask(columns)) { range in
            for row in range {
                let factor = u.pointer[row]
                let (source, target) = (a.pointer + row * a.columns, c.pointer + row * c.columns)
                if accumulate {
                    for column in 0..<columns { target[column] += factor * source[column] }
                } else {
                    for column in 0..<columns { target[column] = factor * source[column] }
                }
            }
        }
    }

    /// Rows whose numbers are worth a task of their own.
    private static func rowsPerTask(_ columns: Int) -> Int { max(1, 16384 / max(columns, 1)) }
}
