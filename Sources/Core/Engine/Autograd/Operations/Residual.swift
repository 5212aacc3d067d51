extension Tape {
    /// `Z = X + Y`, in Y's memory; both `[N, D]`.
    ///
    ///     dX = dZ,   dY = dZ      (one tensor for both)
    ///
    /// Y must be the result of the operation before it with no other user, and X must not be used
    /// between Y's computation and this call: then all readers of dY run before anything is added to dX.
    public func residual(_ x: Variable, _ y: Variable) -> Variable {
        engine.add(x.value, into: y.value)
        let output = Variable(y.value, requiresGradient: x.requiresGradient || y.requiresGradient)
        record(output) { [engine] dZ in
            y.adoptGradient(dZ, engine: engine)
            x.adoptGradient(dZ, engine: engine)
        }
        return output
    }
}
