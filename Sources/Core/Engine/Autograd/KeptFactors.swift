/// The factors of low-rank adapters for many passes between which no parameter changes, as in generation.
///
///     Y += s (X Aᵀ) Bᵀ      A [r, in] as the adapter folds it, Bᵀ [r, out]
///
/// A method with mixers or constant first factors then costs what LoRA of its folded rank costs. B is kept transposed, so
/// that the product of a few tokens runs along the outputs and not along the few ranks.
public final class KeptFactors {
    /// What an adapter makes of its parameters: s B A.
    package struct Factors {
        let a, bTransposed: Tensor
        let scaling: Float

        /// B A scaled by `scaling`; `memory` keeps Bᵀ.
        package init(_ update: LowRankUpdate, scaling: Float, memory: TensorMemory) {
            a = update.a
            bTransposed = update.b.transposed(memory)
            self.scaling = scaling
        }
    }

    private var factors: [ObjectIdentifier: Factors] = [:]

    /// Nothing kept yet.
    package init() {}

    /// Adds the change that `adapter` makes for x to y, in y's memory; `make` gives its factors at its first use, nil if there is no change.
    package func add(
        _ adapter: AnyObject, of x: Tensor, to y: Tensor, engine: Engine, make: () -> Factors?
    ) {
        guard let kept = factors[ObjectIdentifier(adapter)] ?? make() else { return }
        factors[ObjectIdentifier(adapter)] = kept
        let h = engine.memory.activation(rows: x.rows, columns: kept.a.rows)
        BLAS.multiply(x, transposed: kept.a, into: h, engine: engine)
        BLAS.multiply(h, kept.bTransposed, into: y, alpha: kept.scaling, accumulate: true, engine: engine)
    }
}
