extension Tape {
    /// `Y = X Wᵀ` with a frozen W `[out, in]`; X `[N, in]`, Y `[N, out]`.
    ///
    ///     dX = dY W      (no dW: the frozen matrix costs nothing in the backward pass)
    public func multiply(
        _ x: Variable, frozen weight: any FrozenWeight, part: StepProfile.Part = .feedForwardOut
    ) -> Variable {
        let y = engine.memory.activation(rows: x.value.rows, columns: weight.outFeatures)
        let operations = 2 * Double(x.value.count) * Double(weight.outFeatures)
        engine.measured(part, operations: operations) { weight.multiply(x.value, into: y, engine: engine) }
        let output = Variable(y, requiresGradient: x.requiresGradient)
        record(output) { [engine] dY in
            x.addGradient(engine.memory) { dX, accumulate in
                engine.measured(part, operations: operations) {
                    weight.multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
                }
            }
        }
        return output
    }

    /// `Y = alpha X Wᵀ` with a trainable W `[out, in]`; X `[N, in]`, Y `[N, out]`.
    ///
    ///     dX = alpha dY W,   dW = alpha dYᵀ X
    public func multiply(_ x: Variable, transposed weight: Variable, alpha: Float = 1) -> Variable {
        let y = engine.memory.activation(rows: x.value.rows, columns: weight.value.rows)
        BLAS.multiply(x.value, transposed: weight.value, into: y, alpha: alpha, engine: engine)
        let output = Variable(y, requiresGradient: x.requiresGradient || weight.requiresGradient)
        record(output) { [engine] dY in
            weight.addGradient(engine.memory) { dW, accumulate in
                BLAS.multiply(
                    transposed: dY, x.value, into: dW, alpha: alpha, accumulate: accumulate, engine: engine)
            }
            x.addGradient(engine.memory) { dX, accumulate in
                BLAS.multiply(
                    dY, weight.value, into: dX, alpha: alpha, accumulate: accumulate, engine: engine)
            }
        }
        return output
    }

    /// `Y = X W` with a trainable W `[in, out]`, as GPT-2's files hold it; X `[N, in]`, Y `[N, out]`.
    ///
    ///     dX = dY Wᵀ,   dW = Xᵀ dY
    public func multiply(_ x: Variable, by weight: Variable) -> Variable {
        let y = engine.memory.activation(rows: x.value.rows, columns: weight.value.columns)
        BLAS.multiply(x.value, weight.value, into: y, engine: engine)
        let output = Variable(y, requiresGradient: x.requiresGradient || weight.requiresGradient)
        record(output) { [engine] dY in
            weight.addGradient(engine.memory) { dW, accumulate in
                BLAS.multiply(transposed: x.value, dY, into: dW, accumulate: accumulate, engine: engine)
            }
            x.addGradient(engine.memory) { dX, accumulate in
                BLAS.multiply(dY, transposed: weight.value, into: dX, accumulate: accumulate, engine: engine)
            }
        }
        return output
    }
}
