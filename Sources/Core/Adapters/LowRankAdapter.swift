public import CatenaEngine
public import CatenaModels

/// An adapter whose change is a product of thin factors, made anew from its parameters in each pass.
///
///     Y = X Wᵀ + s · dropout(X) A′ᵀ B′ᵀ - s · dropout(X) A₀ᵀ B₀ᵀ      A′ [r, in], B′ [out, r]
///
/// What a method does with r x r matrices and diagonals it does to the factors, so that a token costs what it costs with
/// LoRA. The constant factors A₀, B₀ are those that a method begins with where its first change is not zero.
public protocol LowRankAdapter: LinearAdapter {
    /// s.
    var scaling: Double { get }
    /// Probability that an input of the adapter is dropped.
    var dropout: Double { get }
    /// A₀ and B₀, or nil for none.
    var origin: LowRankUpdate? { get }
    /// A′ and B′ as functions of the parameters.
    func factors(on tape: Tape) -> (a: Variable, b: Variable)
    /// X A′ᵀ and B′ of a method whose A is frozen and which has no need of A′ and its gradient; nil, the default, where
    /// ``factors(on:)`` are multiplied together with the frozen matrix.
    func path(of x: Variable, on tape: Tape) -> (h: Variable, b: Variable)?
}

extension LowRankAdapter {
    public var origin: LowRankUpdate? { nil }

    public func path(of x: Variable, on tape: Tape) -> (h: Variable, b: Variable)? { nil }

    public func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        let dropped = tape.dropout(x, probability: dropout, name: layer.path)
        if origin == nil, let (h, b) = path(of: dropped, on: tape) {
            return tape.add(h, timesTransposed: b, scaling: Float(scaling), to: layer.base(x, on: tape))
        }
        if let kept = tape.keptFactors {
            let output = layer.base(x, on: tape)
            kept.add(self, of: x.value, to: output.value, engine: tape.engine) {
                folded(engine: tape.engine).map {
                    KeptFactors.Factors(
                        LowRankUpdate(a: $0.a, b: $0.b), scaling: Float($0.scaling), memory: tape.engine.memory)
                }
            }
            return output
        }
        if let origin {
            let (a, b) = factors(on: tape)
            return tape.addDifference(
                of: a, b, from: origin, scaling: Float(scaling), times: dropped, to: layer.base(x, on: tape))
        }
        return layer.base(x, plus: factors(on: tape), of: dropped, scaling: Float(scaling), on: tape)
    }

    public func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = engine.memory.tensor(rows: weight.rows, columns: weight.columns)
        result.copy(from: weight)
        let (a, b) = factors(on: Tape(engine: engine, isRecording: false))
        BLAS.multiply(b.value, a.value, into: result, alpha: Float(scaling), accumulate: true, engine: engine)
        if let origin {
            BLAS.multiply(origin.b, origin.a, into: result, alpha: Float(-scaling), accumulate: true, engine: engine)
        }
        return result
    }

    public func folded(engine: Engine) -> FoldedLoRA? {
        let (a, b) = factors(on: Tape(engine: engine, isRecording: false))
        guard let origin else { return FoldedLoRA(a: a.value, b: b.value, scaling: scaling) }
        let negated = engine.memory.tensor(rows: origin.b.rows, columns: origin.b.columns)
        for index in 0..<negated.count { unsafe negated.pointer[index] = -origin.b.pointer[index] }
        let whole = LowRankUpdate.concatenated(
            [LowRankUpdate(a: a.value, b: b.value), LowRankUpdate(a: origin.a, b: negated)], memory: engine.memory)
        return FoldedLoRA(a: whole.a, b: whole.b, scaling: scaling)
    }
}
