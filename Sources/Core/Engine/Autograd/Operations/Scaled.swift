extension Tape {
    /// `Y = s X`, in X's memory; X must be the result of the operation before it with no other user.
    ///
    ///     dX = s dY      (in dY's memory)
    public func scaled(_ x: Variable, by factor: Float) -> Variable {
        engine.scale(x.value, by: factor)
        let output = Variable(x.value, requiresGradient: x.requiresGradient)
        record(output) { [engine] dY in
            GradientOwnership.willWrite(dY, heldBy: 0)
            engine.scale(dY, by: factor)
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }
}
