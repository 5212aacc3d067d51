extension Tape {
    /// `Y = diag(e) A`, each row of A by its own number; A, Y `[r, n]`, e `[r, 1]`.
    ///
    ///     dA = diag(e) dY,   deᵢ = Σⱼ dYᵢⱼ Aᵢⱼ
    func scaleRows(of a: Variable, bySingularValues e: Variable) -> Variable {
        let (engine, rows, width) = (engine, a.value.rows, a.value.columns)
        let y = engine.memory.tensor(rows: rows, columns: width)
        y.fill(0)
        func addScaled(_ source: Tensor, to destination: Tensor) {
            for row in 0..<rows {
                Kernels.axpy(
                    engine.threads, alpha: e.value.pointer[row], x: source.pointer + row * width,
                    into: destination.pointer + row * width, count: width)
            }
        }
        addScaled(a.value, to: y)
        let output = Variable(y, requiresGradient: a.requiresGradient || e.requiresGradient)
        record(output) { dY in
            e.addGradient(engine.memory) { dE, accumulate in
                for row in 0..<rows {
                    let sum = Kernels.dot(
                        engine.threads, x: dY.pointer + row * width, y: a.value.pointer + row * width, count: width)
                    dE.pointer[row] = Float(sum) + (accumulate ? dE.pointer[row] : 0)
                }
            }
            a.addGradient(engine.memory) { dA, accumulate in
                if !accumulate { dA.fill(0) }
                addScaled(dY, to: dA)
            }
        }
        return output
    }
}
