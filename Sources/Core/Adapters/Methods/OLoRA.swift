package import CatenaEngine
import CatenaModels

/// LoRA that begins with a part of the QR decomposition of W.
///
///     W = Q R      B₀ = the first r columns of Q [out, r]      A₀ = the first r rows of R [r, in]
///     Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ      s = alpha / r, alpha = r unless given
///
/// The columns of B₀ are orthonormal; R's diagonal is ≥ 0, which makes the factors unique. B₀ A₀ holds the first r columns
/// of W exactly and is in general not the best approximation of that rank; all of W's size is in A₀.
///
/// Only the first r columns need be decomposed, and R's first rows are Qᵀ W: r (in + out) · O(r) operations instead of those of
/// the whole matrix.
///
/// Parameters: r (in + out) per layer.
///
/// - Source: Büyükakyüz 2024, *OLoRA*, arXiv:2406.01775; factors as in peft `olora_init`.
package final class OLoRA: OriginLoRA, WeightInitialised {
    init(layer: Linear, request: AdapterRequest) throws(AdapterError) {
        try super.init(layer: layer, request: request, scaling: request.section.alpha / Double(request.section.rank))
    }

    package func initialise(from weight: Tensor, engine: Engine) throws {
        let rank = a.shape[0]
        let columns = engine.memory.tensor(rows: rank, columns: weight.rows)
        for row in 0..<weight.rows {
            for index in 0..<rank {
                unsafe columns.pointer[index * weight.rows + row] = weight.pointer[row * weight.columns + index]
            }
        }
        try LAPACK.orthonormaliseRows(of: columns, named: path, engine: engine)
        let firstA = engine.memory.tensor(rows: rank, columns: weight.columns)
        BLAS.multiply(columns, weight, into: firstA, engine: engine)
        for row in 0..<rank {
            for column in 0..<row { unsafe firstA.pointer[row * weight.columns + column] = 0 }
        }
        begin(a: firstA, b: columns.transposed(engine.memory))
    }
}

extension AdapterMethod {
    /// OLoRA.
    package static let olora = AdapterMethod(
        name: "olora", summary: "LoRA that begins with the first part of each matrix's QR decomposition",
        formula: """
            Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ    W = Q R [out, in] frozen, R's diagonal ≥ 0
            A [rank, in]    begins as A₀, the first `rank` rows of R
            B [out, rank]   begins as B₀, the first `rank` columns of Q
            s = alpha / rank; A₀ and B₀ are kept, so that training starts from the unchanged model
            merged: W + s (B A - B₀ A₀); as a plain LoRA its rank is 2 · rank
            """, parameterFormula: "Σ rank (in + out)",
        keptFormula: "Σ rank (in + out), A₀ and B₀",
        source: """
            Büyükakyüz 2024, OLoRA, arXiv:2406.01775
            first factors as in Hugging Face PEFT (olora)
            """, commonKeys: .withoutInitial, defaultAlpha: { Double($0) }, hasLoRAForm: true
    ) { request in
        try AttachedAdapter(origins: request) { layer in try OLoRA(layer: layer, request: request) }
    }
}
