extension Tape {
    /// `S[t, i] = Σ X[t, j] over j ≡ i (mod r)`: the sum of X's shards of r columns; X `[N, in]`, S `[N, r]`.
    ///
    ///     dX[t, j] = dS[t, j mod r]
    ///
    /// It costs N · in additions and no product. r need not divide in.
    public func shardSum(_ x: Variable, width r: Int) -> Variable {
        let s = engine.memory.activation(rows: x.value.rows, columns: r)
        Shards.sum(x.value, into: s, engine: engine)
        let output = Variable(s, requiresGradient: x.requiresGradient)
        record(output) { [engine] dS in
            x.addGradient(engine.memory) { dX, accumulate in
                Shards.tile(dS, into: dX, accumulate: accumulate, engine: engine)
            }
        }
        return output
    }
}
