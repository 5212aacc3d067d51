extension Tape {
    /// Root-mean-square norm over groups of `width` columns: `Y = X / √(mean X² + ε) ⊙ w`.
    ///
    /// X `[N, k · width]`, w `[1, width]`; k is 1 for hidden states and the number of heads for norms
    /// of queries and keys. Y is recomputed from X and the kept 1/RMS in the backward pass.
    ///
    ///     x̂ = X / RMS,   dw = Σ dY ⊙ x̂,   dX = (g - x̂ mean(g ⊙ x̂)) / RMS  with g = dY ⊙ w
    ///
    /// - Source: Zhang and Sennrich 2019, *Root Mean Square Layer Normalization*, arXiv:1910.07467.
    public func rmsNorm(_ x: Variable, _ weight: Variable, epsilon: Float) -> Variable {
        let width = weight.value.columns
        let rows = x.value.count / width
        let engine = engine
        let inverseRMS = engine.memory.activation(rows: x.value.rows, columns: x.value.columns / width)
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: x.value.rows, columns: x.value.columns)
            engine.measured(.norm) {
                Kernels.rmsNorm(
                    engine.threads, x: x.value.pointer, weight: weight.value.pointer, y: y.pointer,
                    inverseRMS: inverseRMS.pointer, rows: rows, width: width, epsilon: epsilon)
            }
            return y
        }
        let output = recomputable(
            compute(), requiresGradient: x.requiresGradient || weight.requiresGradient, compute)
        record(output) { dY in
            weight.addGradient(engine.memory) { dWeight, accumulate in
                if !accumulate { dWeight.fill(0) }
            }
            let dWeight = weight.requiresGradient ? weight.gradient?.pointer : nil
            guard x.requiresGradient || dWeight != nil else { return }
            let scratch = x.requiresGradient ? nil : engine.memory.activation(rows: dY.rows, columns: dY.columns)
            let write = { (dX: Tensor, accumulate: Bool) in
                engine.measured(.norm) {
                    Kernels.rmsNormBackward(
                        engine.threads, dY: dY.pointer, x: x.value.pointer, weight: weight.value.pointer,
                        inverseRMS: inverseRMS.pointer, dX: dX.pointer, accumulate: accumulate,
                        dWeight: dWeight, rows: rows, width: width)
                }
            }
            if let scratch { write(scratch, false) } else { x.addGradient(engine.memory, write) }
        }
        return output
    }
}
