/// The factors of low-rank adapters for many passes between which no parameter changes, as in generation.
///
///     Y += s (X Aᵀ) Bᵀ      A [r, in] as the adapter folds it, Bᵀ [r, out]
///
/// A method with mixers or constant first factors then costs what LoRA of its folded rank costs. B is kept transposed, so
/// that the product of a few tokens runs along the outputs and not along the few ranks.
public final class KeptFactors {
    private struct Factors {
        let a, bTransposed: Tensor
        let scaling: Float
    }

    private var factors: [ObjectIdentifier: Factors] = [:]

    /// Nothing kept yet.
    public init() {}

    /// Adds the change that `adapter` makes for x to y, in y's memory.
    func add(_ adapter: some LowRankAdapter, of x: Tensor, to y: Tensor, engine: Engine) {
        guard let kept = factors(of: adapter, engine: engine) else { return }
        let h = engine.memory.activation(rows: x.rows, columns: kept.a.rows)
        BLAS.multiply(x, transposed: kept.a, into: h, engine: engine)
        BLAS.multiply(h, kept.bTransposed, into: y, alpha: kept.scaling, accumulate: true, engine: engine)
    }

    private func factors(of adapter: some LowRankAdapter, engine: Engine) -> Factors? {
        if let kept = factors[ObjectIdentifier(adapter)] { return kept }
        guard let folded = adapter.folded(engine: engine) else { return nil }
        let made = Factors(
            a: folded.a, bTransposed: folded.b.transposed(engine.memory), scaling: Float(folded.scaling))
        factors[ObjectIdentifier(adapter)] = made
        return made
    }
}
