extension Tape {
    /// `Z = Y + s · H Wᵀ`, in Y's memory; H `[N, r]`, W `[out, r]` trainable, Y `[N, out]`.
    ///
    ///     dH = s dZ W,   dW = s dZᵀ H,   dY = dZ
    public func add(_ h: Variable, timesTransposed weight: Variable, scaling: Float, to y: Variable) -> Variable {
        BLAS.multiply(
            h.value, transposed: weight.value, into: y.value, alpha: scaling, accumulate: true, engine: engine)
        let output = Variable(
            y.value, requiresGradient: y.requiresGradient || h.requiresGradient || weight.requiresGradient)
        record(output) { [engine] dZ in
            weight.addGradient(engine.memory) { dW, accumulate in
                BLAS.multiply(
                    transposed: dZ, h.value, into: dW, alpha: scaling, accumulate: accumulate, engine: engine)
            }
            h.addGradient(engine.memory) { dH, accumulate in
                BLAS.multiply(
                    dZ, weight.value, into: dH, alpha: scaling, accumulate: accumulate, engine: engine)
            }
            y.adoptGradient(dZ, engine: engine)
        }
        return output
    }
}
