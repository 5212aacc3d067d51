package import CatenaEngine
import CatenaModels
import CatenaSchema

/// Principal singular values and vectors adaptation: LoRA that begins with the leading part of W itself.
///
///     W = U diag(σ) Vᵀ      A₀ = √(σ_r / s) V_rᵀ [r, in]      B₀ = U_r √(σ_r / s) [out, r]
///     Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ      s = alpha / r, alpha = r unless given
///
/// with the r largest singular values. The gradients are those of LoRA, but none is zero at the start.
///
/// Parameters: r (in + out) per layer.
///
/// - Source: Meng et al. 2024, *PiSSA*, arXiv:2404.02948; factors as in peft `pissa_init`, where `pissa_niter_n` is
///   `iterations: n`. The paper trains beside W - s B₀ A₀; here that is done exactly, see ``OriginLoRA``. The randomised
///   decomposition takes 8 vectors more than the rank, peft none.
package final class PiSSA: OriginLoRA, WeightInitialised {
    private let decomposition: SpectralDecomposition
    private static let oversampling = 8

    init(layer: Linear, request: AdapterRequest, decomposition: SpectralDecomposition) throws(AdapterError) {
        self.decomposition = decomposition
        try super.init(layer: layer, request: request, scaling: request.section.alpha / Double(request.section.rank))
    }

    package func initialise(from weight: Tensor, engine: Engine) throws {
        let rank = a.shape[0]
        let leading = try decomposition.leading(
            rank, of: weight, subspace: rank + Self.oversampling, named: path, engine: engine)
        let roots = leading.values.map { Float(($0 / scaling).squareRoot()) }
        let (firstA, firstB) = (leading.vT, leading.u)
        for row in 0..<firstA.rows {
            for column in 0..<firstA.columns { unsafe firstA.pointer[row * firstA.columns + column] *= roots[row] }
        }
        for index in 0..<firstB.count { unsafe firstB.pointer[index] *= roots[index % rank] }
        begin(a: firstA, b: firstB)
    }
}

extension AdapterMethod {
    /// PiSSA.
    package static let pissa = AdapterMethod(
        name: "pissa", summary: "LoRA that begins with the leading singular vectors of each matrix",
        formula: """
            Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ    W = U diag(σ) Vᵀ [out, in] frozen
            A [rank, in]    begins as A₀ = √(σ/s) Vᵀ, its first `rank` rows
            B [out, rank]   begins as B₀ = U √(σ/s), its first `rank` columns
            s = alpha / rank; A₀ and B₀ are kept, so that training starts from the unchanged model
            merged: W + s (B A - B₀ A₀); as a plain LoRA its rank is 2 · rank
            """, parameterFormula: "Σ rank (in + out)",
        keptFormula: "Σ rank (in + out), A₀ and B₀",
        source: """
            Meng et al. 2024, PiSSA, arXiv:2404.02948
            first factors as in Hugging Face PEFT (pissa, and pissa_niter_n with iterations: n)
            """, commonKeys: .withoutInitial, defaultAlpha: { Double($0) },
        options: [SpectralDecomposition.option(default: .text("exact"))], hasLoRAForm: true
    ) { request in
        let decomposition = try SpectralDecomposition(request.section, seed: request.seed)
        return try AttachedAdapter(origins: request) { layer in
            try PiSSA(layer: layer, request: request, decomposition: decomposition)
        }
    }
}
