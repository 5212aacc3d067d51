extension Tape {
    /// `Y = silu(G) ⊙ U` with silu(g) = g σ(g); G, U, Y `[N, F]`. Y is made again in the backward pass, with dG and dU for
    /// those that can wait until then.
    ///
    ///     dU = dY ⊙ silu(G),   dG = dY ⊙ U ⊙ σ(G)(1 + G (1 - σ(G)))      (in the memory of U and G)
    ///
    /// - Source: Shazeer 2020, *GLU Variants Improve Transformer*, arXiv:2002.05202.
    public func swiGLU(gate: Variable, up: Variable) -> Variable {
        let engine = engine
        let compute = { () -> Tensor in
            let (g, u) = (gate.value, up.value)
            let y = engine.memory.activation(rows: g.rows, columns: g.columns)
            engine.measured(.activation) {
                Kernels.swiGLU(
                    engine.threads, gate: g.pointer, up: u.pointer, ld: g.columns, out: y.pointer, rows: g.rows,
                    width: g.columns)
            }
            return y
        }
        let output = recomputable(
            compute(), requiresGradient: gate.requiresGradient || up.requiresGradient, madeAgainBackward: true, compute)
        record(output) { dY in
            let (g, u) = (gate.value, up.value)
            let users = output.takeWaitingUsers()
            engine.measured(.activation) {
                Kernels.swiGLUBackward(
                    engine.threads, dOut: dY.pointer, gate: g.pointer, up: u.pointer, ld: g.columns,
                    out: users.isEmpty ? nil : dY.pointer, dGate: g.pointer, dUp: u.pointer, ldGradient: g.columns,
                    rows: g.rows, width: g.columns)
            }
            for use in users { use(dY) }
            gate.adoptGradient(g, engine: engine)
            up.adoptGradient(u, engine: engine)
        }
        return output
    }
}
