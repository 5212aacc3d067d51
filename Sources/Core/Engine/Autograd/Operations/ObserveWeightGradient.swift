extension Tape {
    /// `Y` as it is, the output of `Y = X Wᵀ (+ b)` with a frozen W `[out, in]`, whose gradient is looked at all the same.
    ///
    ///     dW += dYᵀ X      into what `gradient` gives when the backward pass is here; nothing if that is nil
    public func observeWeightGradient(
        of y: Variable, input x: Variable, in gradient: @escaping () -> Tensor?
    ) -> Variable {
        let output = Variable(y.value, requiresGradient: true)
        record(output) { [engine] dY in
            if let dW = gradient() {
                BLAS.multiply(transposed: dY, x.value, into: dW, accumulate: true, engine: engine)
            }
            y.adoptGradient(dY, engine: engine)
        }
        return output
    }
}
