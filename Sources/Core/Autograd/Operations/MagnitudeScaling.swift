extension Tape {
    /// `Y = Z diag(m / n)`; Z, Y `[N, out]`, m `[1, out]` trainable, n `[1, out]` constant. Where n is 0, Y is.
    ///
    ///     dZ = dY diag(m / n),   dm = Σ rows of dY ⊙ Z / n      (in the memory of Z)
    func scaleMagnitudes(of z: Variable, by magnitude: Variable, over norms: Tensor) -> Variable {
        let (engine, value) = (engine, z.value)
        let y = engine.memory.activation(rows: value.rows, columns: value.columns)
        engine.scaleColumns(of: value, by: engine.quotient(magnitude.value, over: norms), into: y)
        let output = Variable(y, requiresGradient: z.requiresGradient || magnitude.requiresGradient)
        record(output) { dY in
            magnitude.addGradient(engine.memory) { dMagnitude, accumulate in
                Kernels.multiply(
                    engine.threads, x: dY.pointer, y: value.pointer, out: value.pointer, count: value.count)
                let sums = engine.memory.zeros(rows: 1, columns: value.columns)
                Kernels.columnSum(
                    engine.threads, x: value.pointer, ld: value.columns, addedTo: sums.pointer, rows: value.rows,
                    width: value.columns)
                if !accumulate { dMagnitude.fill(0) }
                engine.add(engine.quotient(sums, over: norms), into: dMagnitude)
            }
            guard z.requiresGradient else { return }
            engine.scaleColumns(of: dY, by: engine.quotient(magnitude.value, over: norms), into: value)
            z.adoptGradient(value, engine: engine)
        }
        return output
    }
}

extension Engine {
    /// `destination = source diag(factors)`.
    fileprivate func scaleColumns(of source: Tensor, by factors: Tensor, into destination: Tensor) {
        let width = source.columns
        threads.runRows(source.rows, minimumPerTask: 8) { rows in
            for row in rows {
                Kernels.multiply(
                    threads, x: source.pointer + row * width, y: factors.pointer,
                    out: destination.pointer + row * width, count: width)
            }
        }
    }

    /// `x / n` of each element, 0 where n is.
    fileprivate func quotient(_ x: Tensor, over n: Tensor) -> Tensor {
        let result = memory.tensor(rows: 1, columns: x.count)
        for index in 0..<x.count {
            result.pointer[index] = n.pointer[index] == 0 ? 0 : x.pointer[index] / n.pointer[index]
        }
        return result
    }
}
