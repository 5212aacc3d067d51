extension Tape {
    /// `Z = X - Y`; all `[N, D]`.
    ///
    ///     dX = dZ,   dY = -dZ
    public func difference(_ x: Variable, _ y: Variable) -> Variable {
        let z = engine.memory.activation(rows: x.value.rows, columns: x.value.columns)
        z.copy(from: x.value)
        engine.add(y.value, into: z, alpha: -1)
        let output = Variable(z, requiresGradient: x.requiresGradient || y.requiresGradient)
        record(output) { [engine] dZ in
            x.addGradient(engine.memory) { dX, accumulate in
                if accumulate { engine.add(dZ, into: dX) } else { dX.copy(from: dZ) }
            }
            y.addGradient(engine.memory) { dY, accumulate in
                if !accumulate { dY.fill(0) }
                engine.add(dZ, into: dY, alpha: -1)
            }
        }
        return output
    }
}
