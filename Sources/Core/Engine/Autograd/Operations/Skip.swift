extension Tape {
    /// `Z = X + Y` where Y was computed from X, in Y's memory; both `[N, D]`.
    ///
    ///     dX += dZ,   dY = dZ
    ///
    /// As ``residual(_:_:)``, but X's gradient is a tensor of its own: what Y's computation adds to it does not reach
    /// those who took dZ over as well. Y must be the result of the operation before it with no other user.
    public func skip(_ x: Variable, around y: Variable) -> Variable {
        engine.add(x.value, into: y.value)
        let output = Variable(y.value, requiresGradient: x.requiresGradient || y.requiresGradient)
        record(output) { [engine] dZ in
            x.addGradient(engine.memory) { dX, accumulate in
                if accumulate { engine.add(dZ, into: dX) } else { dX.copy(from: dZ) }
            }
            y.adoptGradient(dZ, engine: engine)
        }
        return output
    }
}
