extension Tape {
    /// `Y = A ⊙ B` elementwise; all `[N, F]`. Y is made again in the backward pass.
    ///
    ///     dA = dY ⊙ B,   dB = dY ⊙ A
    public func elementwiseProduct(_ a: Variable, _ b: Variable) -> Variable {
        let engine = engine
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: a.value.rows, columns: a.value.columns)
            engine.multiply(a.value, b.value, into: y, accumulate: false)
            return y
        }
        let output = recomputable(compute(), requiresGradient: a.requiresGradient || b.requiresGradient, compute)
        record(output) { dY in
            a.addGradient(engine.memory) { engine.multiply(dY, b.value, into: $0, accumulate: $1) }
            b.addGradient(engine.memory) { engine.multiply(dY, a.value, into: $0, accumulate: $1) }
        }
        return output
    }
}

extension Engine {
    /// `y = a ⊙ b`, or `y += …`.
    package func multiply(_ a: Tensor, _ b: Tensor, into y: Tensor, accumulate: Bool) {
        let (left, right, target) = (a.pointer, b.pointer, y.pointer)
        measured(.elementwise) {
            threads.runRows(y.count, minimumPerTask: 16384) { range in
                if accumulate {
                    for index in range { target[index] += left[index] * right[index] }
                } else {
                    for index in range { target[index] = left[index] * right[index] }
                }
            }
        }
    }
}
