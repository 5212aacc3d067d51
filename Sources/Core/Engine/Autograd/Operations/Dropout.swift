extension Tape {
    /// Sets elements to zero with probability `probability` and divides the others by 1 - probability.
    ///
    /// The mask is a pure function of the tape's key, `name` and the element's index, so it is the same
    /// on any process and in a recomputed block. Without recording (inference) X is returned as it is.
    public func dropout(_ x: Variable, probability: Double, name: String) -> Variable {
        guard probability > 0, isRecording else { return x }
        let engine = engine
        let key = randomKey.stream(for: name)
        let keep = Float(1 - probability)
        let apply = { (source: Tensor, destination: Tensor) in
            Kernels.dropout(
                engine.threads, x: source.pointer, out: destination.pointer, count: source.count,
                keepProbability: keep, key: key, offset: 0)
        }
        let compute = { () -> Tensor in
            let y = engine.memory.activation(rows: x.value.rows, columns: x.value.columns)
            apply(x.value, y)
            return y
        }
        let output = recomputable(compute(), requiresGradient: x.requiresGradient, compute)
        record(output) { dY in
            apply(dY, dY)
            x.adoptGradient(dY, engine: engine)
        }
        return output
    }
}
