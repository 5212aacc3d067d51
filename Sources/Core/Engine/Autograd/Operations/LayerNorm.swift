extension Tape {
    /// Layer normalisation of each row: `Y = (X - mean) / √(variance + ε) ⊙ w + b`.
    ///
    /// X `[N, D]`, w and b `[1, D]`. Y is recomputed from X in the backward pass; the statistics `[N, 1]` are kept.
    ///
    ///     x̂ = (X - mean) s,  s = 1/√(variance + ε),  g = dY ⊙ w
    ///     dw = Σ dY ⊙ x̂,   db = Σ dY,   dX = s (g - mean(g) - x̂ mean(g ⊙ x̂))
    ///
    /// - Source: Ba, Kiros and Hinton 2016, *Layer Normalization*, arXiv:1607.06450.
    public func layerNorm(_ x: Variable, _ weight: Variable, _ bias: Variable, epsilon: Float) -> Variable {
        let (rows, width) = (x.value.rows, x.value.columns)
        let engine = engine
        let mean = engine.memory.activation(rows: rows, columns: 1)
        let inverseDeviation = engine.memory.activation(rows: rows, columns: 1)
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: rows, columns: width)
            engine.measured(.norm) {
                Kernels.layerNorm(
                    engine.threads, x: x.value.pointer, weight: weight.value.pointer, bias: bias.value.pointer,
                    y: y.pointer, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, rows: rows,
                    width: width, epsilon: epsilon)
            }
            return y
        }
        let output = recomputable(
            compute(), requiresGradient: x.requiresGradient || weight.requiresGradient || bias.requiresGradient,
            compute)
        record(output) { dY in
            for vector in [weight, bias] {
                vector.addGradient(engine.memory) { gradient, accumulate in
                    if !accumulate { gradient.fill(0) }
                }
            }
            let dWeight = weight.requiresGradient ? weight.gradient?.pointer : nil
            let dBias = bias.requiresGradient ? bias.gradient?.pointer : nil
            let scratch = x.requiresGradient ? nil : engine.memory.activation(rows: rows, columns: width)
            let write = { (dX: Tensor, accumulate: Bool) in
                engine.measured(.norm) {
                    Kernels.layerNormBackward(
                        engine.threads, dY: dY.pointer, x: x.value.pointer, weight: weight.value.pointer,
                        mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, dX: dX.pointer,
                        accumulate: accumulate, dWeight: dWeight, dBias: dBias, rows: rows, width: width)
                }
            }
            if let scratch { write(scratch, false) } else { x.addGradient(engine.memory, write) }
        }
        return output
    }
}
