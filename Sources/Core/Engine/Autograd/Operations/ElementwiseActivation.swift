extension Tape {
    /// `Y = f(X)` elementwise; X and Y `[N, F]`. Y is recomputed in the backward pass.
    ///
    ///     dX = dY ⊙ f'(X)      (in dY's memory)
    public func activation(_ x: Variable, _ function: Activation) -> Variable {
        let engine = engine
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: x.value.rows, columns: x.value.columns)
            engine.measured(.activation) {
                Kernels.activation(engine.threads, function, x: x.value.pointer, y: y.pointer, count: y.count)
            }
            return y
        }
        let output = recomputable(compute(), requiresGradient: x.requiresGradient, compute)
        record(output) { dY in
            GradientOwnership.willWrite(dY, heldBy: 0)
            engine.measured(.activation) {
                Kernels.activationBackward(
                    engine.threads, function, dY: dY.pointer, x: x.value.pointer, dX: dY.pointer, count: dY.count)
            }
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }
}
