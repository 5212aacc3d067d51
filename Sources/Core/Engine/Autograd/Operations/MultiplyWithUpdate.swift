extension Tape {
    /// `Y = X Wᵀ + s H Bᵀ` with H = D Aᵀ, a frozen W `[out, in]` and thin factors A `[r, in]`, B `[out, r]`.
    ///
    /// X `[N, in]`, Y `[N, out]`; D is X, or X with elements dropped. Y and dX are written once, not once for each product.
    ///
    ///     dB = s dYᵀ H,   dH = s dY B,   dA = dHᵀ D,   dX = dY W + dH A      (dD = dH A where D is not X)
    public func multiply(
        _ x: Variable, frozen weight: any FrozenWeight, plus factors: (a: Variable, b: Variable), of dropped: Variable,
        scaling: Float, part: StepProfile.Part
    ) -> Variable {
        let (a, b) = factors
        let (memory, rank) = (engine.memory, a.value.rows)
        let h = memory.activation(rows: x.value.rows, columns: rank)
        BLAS.multiply(dropped.value, transposed: a.value, into: h, engine: engine)
        let y = memory.activation(rows: x.value.rows, columns: weight.outFeatures)
        let operations = 2 * Double(y.count) * Double(weight.inFeatures + rank)
        engine.measured(part, operations: operations) {
            weight.multiply(x.value, plus: h, b.value, scaling: scaling, into: y, engine: engine)
        }
        let output = Variable(
            y,
            requiresGradient: x.requiresGradient || dropped.requiresGradient || a.requiresGradient
                || b.requiresGradient)
        record(output) { [engine] dY in
            let dH = memory.activation(rows: h.rows, columns: rank)
            if b.requiresGradient {
                b.addGradient(memory) { dB, accumulate in
                    BLAS.lowRankGradients(
                        of: dY, h: h, b: b.value, alpha: scaling, into: dH, dB, accumulate: accumulate, engine: engine)
                }
            } else {
                BLAS.multiply(dY, b.value, into: dH, alpha: scaling, engine: engine)
            }
            dropped.addGradient(to: a, memory) { d, dA, accumulate in
                BLAS.multiply(transposed: dH, d, into: dA, accumulate: accumulate, engine: engine)
            }
            if dropped !== x {
                dropped.addGradient(memory) { dD, accumulate in
                    BLAS.multiply(dH, a.value, into: dD, accumulate: accumulate, engine: engine)
                }
            }
            x.addGradient(memory) { dX, accumulate in
                engine.measured(part, operations: operations) {
                    if dropped === x {
                        weight.multiplyTransposed(
                            dY, plus: dH, a.value, into: dX, accumulate: accumulate, engine: engine)
                    } else {
                        weight.multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
                    }
                }
            }
        }
        return output
    }
}
