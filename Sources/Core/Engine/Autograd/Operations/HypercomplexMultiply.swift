extension Tape {
    /// `Y = X H` with H a sum of n Kronecker products of factors, which is never built; X `[N, k]`, Y `[N, d]`.
    ///
    ///     H = Σᵢ Aᵢ ⊗ (sᵢ tᵢ)      H[a k/n + p, c d/n + q] = Σᵢ Aᵢ[a, c] sᵢ[p] tᵢ[q]
    ///
    ///     U[a, i] = Σ_p X[a, p] sᵢ[p]     Z[c, i] = Σ_a Aᵢ[a, c] U[a, i]     Y[c, q] = Σᵢ Z[c, i] tᵢ[q]
    ///
    ///     dZ[c, i] = Σ_q dY[c, q] tᵢ[q]   dtᵢ[q] = Σ dY[c, q] Z[c, i]     dAᵢ[a, c] = Σ U[a, i] dZ[c, i]
    ///     dU[a, i] = Σ_c Aᵢ[a, c] dZ[c, i]   dsᵢ[p] = Σ X[a, p] dU[a, i]   dX[a, p] = Σᵢ sᵢ[p] dU[a, i]
    ///
    /// n (k + d) + n⁴ products for each token: the middle step is one product with an `[n², n²]` matrix, of which n³ numbers
    /// are not zero.
    ///
    /// - Parameters:
    ///   - rule: A, `[n · n, n]`: row i n + a is row a of Aᵢ. Its gradients from all users add up.
    ///   - left: s, k numbers, those of sᵢ after those of sᵢ₋₁.
    ///   - right: t, d numbers in the same order.
    /// - Source: Karimi Mahabadi, Henderson, Ruder 2021, *Compacter*, arXiv:2106.04647; the order of the factors as in the
    ///   authors' `kronecker.py`.
    public func hypercomplexMultiply(_ x: Variable, rule: Variable, left: Variable, right: Variable) -> Variable {
        let engine = engine
        let (rows, n) = (x.value.rows, rule.value.columns)
        let (s, t) = (left.value.rowsOfFactors(n), right.value.rowsOfFactors(n))
        let mixing = Self.mixing(rule.value, engine: engine)
        let u = engine.memory.activation(rows: rows, columns: n * n)
        let z = engine.memory.activation(rows: rows, columns: n * n)
        let y = engine.memory.activation(rows: rows, columns: n * t.columns)
        BLAS.multiply(x.value.parts(n), transposed: s, into: u.parts(n), engine: engine)
        BLAS.multiply(u, mixing, into: z, engine: engine)
        BLAS.multiply(z.parts(n), t, into: y.parts(n), engine: engine)
        let output = Variable(
            y, requiresGradient: [x, rule, left, right].contains { $0.requiresGradient })
        record(output) { dY in
            let dZ = engine.memory.activation(rows: rows, columns: n * n)
            BLAS.multiply(dY.parts(n), transposed: t, into: dZ.parts(n), engine: engine)
            right.addGradient(engine.memory) { dT, accumulate in
                BLAS.multiply(
                    transposed: z.parts(n), dY.parts(n), into: dT.rowsOfFactors(n), accumulate: accumulate,
                    engine: engine)
            }
            rule.addGradient(engine.memory) { dRule, accumulate in
                if !accumulate { dRule.fill(0) }
                Self.addMixing(transposed: u, dZ, to: dRule, engine: engine)
            }
            let dU = engine.memory.activation(rows: rows, columns: n * n)
            BLAS.multiply(dZ, transposed: mixing, into: dU, engine: engine)
            left.addGradient(engine.memory) { dS, accumulate in
                BLAS.multiply(
                    transposed: dU.parts(n), x.value.parts(n), into: dS.rowsOfFactors(n), accumulate: accumulate,
                    engine: engine)
            }
            x.addGradient(engine.memory) { dX, accumulate in
                BLAS.multiply(dU.parts(n), s, into: dX.parts(n), accumulate: accumulate, engine: engine)
            }
        }
        return output
    }

    /// M with `M[a n + i, c n + i] = Aᵢ[a, c]` and zeros elsewhere: `Z = U M`.
    private static func mixing(_ rule: Tensor, engine: Engine) -> Tensor {
        let n = rule.columns
        let result = engine.memory.zeros(rows: n * n, columns: n * n)
        forEachRuleElement(n) { element, inMixing in result.pointer[inMixing] = rule.pointer[element] }
        return result
    }

    /// `dAᵢ[a, c] += (Uᵀ dZ)[a n + i, c n + i]`.
    private static func addMixing(transposed u: Tensor, _ dZ: Tensor, to dRule: Tensor, engine: Engine) {
        let product = engine.memory.tensor(rows: u.columns, columns: u.columns)
        BLAS.multiply(transposed: u, dZ, into: product, engine: engine)
        forEachRuleElement(dRule.columns) { element, inMixing in
            dRule.pointer[element] += product.pointer[inMixing]
        }
    }

    /// Calls `body` with the place of each `Aᵢ[a, c]` in A and in M.
    private static func forEachRuleElement(_ n: Int, _ body: (_ element: Int, _ inMixing: Int) -> Void) {
        for i in 0..<n {
            for a in 0..<n {
                for c in 0..<n { body((i * n + a) * n + c, (a * n + i) * n * n + c * n + i) }
            }
        }
    }
}

extension Tensor {
    /// Each row as n rows: `[N, n w]` as `[N n, w]`.
    fileprivate func parts(_ n: Int) -> Tensor { reshaped(rows: rows * n, columns: columns / n) }

    /// n vectors that lie one after the other as rows.
    fileprivate func rowsOfFactors(_ n: Int) -> Tensor { reshaped(rows: n, columns: count / n) }
}
