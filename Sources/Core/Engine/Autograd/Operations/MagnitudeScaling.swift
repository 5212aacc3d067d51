extension Tape {
    /// `Y = Z diag(m / n)`; Z, Y `[N, out]`, m `[1, out]` trainable, n `[1, out]` constant. Where n is 0, Y is.
    ///
    ///     dZ = dY diag(m / n),   dm = Σ rows of dY ⊙ Z / n      (in the memory of Z)
    public func scaleMagnitudes(of z: Variable, by magnitude: Variable, over norms: Tensor) -> Variable {
        let (engine, value) = (engine, z.value)
        let y = engine.memory.activation(rows: value.rows, columns: value.columns)
        engine.scaleColumns(of: value, by: engine.quotient(magnitude.value, over: norms), into: y)
        let output = Variable(y, requiresGradient: z.requiresGradient || magnitude.requiresGradient)
        record(output) { dY in
            let factors = engine.quotient(magnitude.value, over: norms)
            let sums = engine.memory.zeros(rows: 1, columns: value.columns)
            engine.sumProducts(dY, value, into: sums, replacingBy: factors)
            magnitude.addGradient(engine.memory) { dMagnitude, accumulate in
                if !accumulate { dMagnitude.fill(0) }
                engine.add(engine.quotient(sums, over: norms), into: dMagnitude)
            }
            guard z.requiresGradient else { return }
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

    /// `sums = Σ rows of dY ⊙ Z`, rows in ascending order in every column, and then `Z = dY diag(factors)`: one pass.
    fileprivate func sumProducts(_ dY: Tensor, _ z: Tensor, into sums: Tensor, replacingBy factors: Tensor) {
        let width = z.columns
        threads.runRows(width, minimumPerTask: 256) { columns in
            let (sum, factor) = (sums.pointer, factors.pointer)
            for row in 0..<z.rows {
                let (gradient, value) = (dY.pointer + row * width, z.pointer + row * width)
                for column in columns {
                    sum[column] += gradient[column] * value[column]
                    value[column] = gradient[column] * factor[column]
                }
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
