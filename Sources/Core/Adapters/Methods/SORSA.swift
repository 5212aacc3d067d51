package import CatenaEngine
package import CatenaModels
import CatenaSchema

/// Singular values and orthonormal regularised singular vectors adaptation: the leading part of W as three trained factors.
///
///     W = U diag(σ) Vᵀ      A₀ = V_rᵀ [r, in]      S₀ = σ_r [r]      B₀ = U_r [out, r]
///     Y = X Wᵀ + s · dropout(X) (B diag(S) A - B₀ diag(S₀) A₀)ᵀ      s = alpha / r, alpha = r unless given
///
/// with the r largest singular values. As a thin factor B′ = B diag(S); its gradients are dB = dB′ diag(S) and
/// dS_j = Σ_o dB′_oj B_oj. ``OrthonormalityRule`` draws A's rows and B's columns towards orthonormal ones; without it SORSA is
/// PiSSA in other coordinates.
///
/// Parameters: r (in + out + 1) per layer.
///
/// - Source: Cao 2024, *SORSA*, arXiv:2409.00055, and its repository. There, too, S is not divided by s, so that W less the first
///   product is the rest of the decomposition for s = 1 only, which is the paper's case. The rest is not made here, see ``OriginLoRA``.
package final class SORSA: LowRankAdapter, WeightInitialised {
    /// Path of the layer.
    package let path: String
    /// A, `[rank, inFeatures]`.
    package let a: Parameter
    /// S, `[rank]`.
    package let s: Parameter
    /// B, `[outFeatures, rank]`.
    package let b: Parameter
    /// A₀ and B₀ diag(S₀).
    package let buffers: [AdapterBuffer]
    /// s.
    package let scaling: Double
    /// Probability that an input of the adapter is dropped.
    package let dropout: Double
    private let decomposition: SpectralDecomposition
    private static let oversampling = 8

    init(layer: Linear, request: AdapterRequest, decomposition: SpectralDecomposition) throws(AdapterError) {
        let (rank, name) = (request.section.rank, PEFT.prefix + layer.path)
        try layer.requireRank(rank)
        self.decomposition = decomposition
        (path, scaling, dropout) = (layer.path, request.section.alpha / Double(rank), request.section.dropout)
        a = Parameter(name: name + ".sorsa_A", shape: [rank, layer.inFeatures]) { $0.fill(0) }
        s = Parameter(name: name + ".sorsa_S", shape: [rank]) { $0.fill(0) }
        b = Parameter(name: name + ".sorsa_B", shape: [layer.outFeatures, rank]) { $0.fill(0) }
        let memory = request.model.engine.memory
        buffers = [
            AdapterBuffer(name: name + ".origin_A", shape: [rank, layer.inFeatures], memory: memory),
            AdapterBuffer(name: name + ".origin_B", shape: [layer.outFeatures, rank], memory: memory),
        ]
    }

    /// A, S, B.
    package var parameters: [Parameter] { [a, s, b] }

    package var origin: LowRankUpdate? { LowRankUpdate(a: buffers[0].value, b: buffers[1].value) }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) {
        (a.variable, tape.scaleColumns(of: b.variable, by: s.variable))
    }

    /// X Aᵀ and X A₀ᵀ.
    package func memory(rank: Int, of layer: Linear) -> AdapterMemory { AdapterMemory(keptColumns: 2 * rank) }

    package var initialisedValues: [Tensor] { parameters.map(\.value) + buffers.map(\.value) }

    package func initialise(from weight: Tensor, engine: Engine) throws {
        let rank = a.shape[0]
        let leading = try decomposition.leading(
            rank, of: weight, subspace: rank + Self.oversampling, named: path, engine: engine)
        a.value.copy(from: leading.vT)
        s.value.copy(from: leading.values.map { Float($0) })
        b.value.copy(from: leading.u)
        buffers[0].value.copy(from: a.value)
        // The same operation as in a pass, so that the first change is zero but for the rounding of sums.
        buffers[1].value.copy(from: factors(on: Tape(engine: engine, isRecording: false)).b.value)
    }
}

extension AdapterMethod {
    /// SORSA.
    package static let sorsa = AdapterMethod(
        name: "sorsa", summary: "trains the leading singular values and vectors of each matrix, kept orthonormal",
        formula: """
            Y = X Wᵀ + s · dropout(X) (B diag(S) A - B₀ diag(S₀) A₀)ᵀ    W = U diag(σ) Vᵀ [out, in] frozen
            A [rank, in]    begins as A₀ = the first `rank` rows of Vᵀ
            S [rank]        begins as S₀ = the `rank` largest singular values
            B [out, rank]   begins as B₀ = the first `rank` columns of U
            s = alpha / rank; the first factors are kept, so that training starts from the unchanged model
            loss + gamma / (peak learning rate) · mean over A and B of ‖A Aᵀ - I‖ and ‖Bᵀ B - I‖ (Frobenius, not squared)
            merged: W + s (B diag(S) A - B₀ diag(S₀) A₀); as a plain LoRA its rank is 2 · rank
            """, parameterFormula: "Σ rank (in + out + 1)",
        keptFormula: "Σ rank (in + out), A₀ and B₀ diag(S₀)",
        source: """
            Cao 2024, SORSA, arXiv:2409.00055
            initialisation and regulariser as in the author's repository
            What differs: the author's program also divides the regulariser by the number of accumulated
            micro-batches; with its gamma 4e-4, rate 3e-5 and 64 of them the factor in the loss was 0.208. Here it
            is gamma / (peak learning rate), 13.3 for these numbers: for the author's, divide gamma by that number
            """, commonKeys: .withoutInitial, defaultAlpha: { Double($0) },
        options: [
            .init(
                "gamma", .numberAtLeast(0), default: .number(4e-4),
                summary: "strength of the regulariser times the peak learning rate; 0 is none"),
            .init(
                "clip-penalty", .boolean, default: .boolean(false),
                summary: "whether the regulariser's gradient takes part in clipping instead of coming after it"),
            SpectralDecomposition.option(default: .text("exact")),
        ], hasLoRAForm: true
    ) { request in
        let section = request.section
        let decomposition = try SpectralDecomposition(section, seed: request.seed)
        let adapters = try request.layers.map { layer in
            (layer: layer, adapter: try SORSA(layer: layer, request: request, decomposition: decomposition))
        }
        let gamma = section.option("gamma")?.number ?? 0
        return AttachedAdapter(
            section, parameters: adapters.flatMap(\.adapter.parameters), buffers: adapters.flatMap(\.adapter.buffers),
            rule: gamma == 0
                ? nil
                : OrthonormalityRule(
                    rows: adapters.map(\.adapter.a), columns: adapters.map(\.adapter.b), gamma: gamma,
                    takesPartInClipping: section.option("clip-penalty")?.boolean ?? false,
                    engine: request.model.engine),
            linearAdapters: adapters.map { (layer: $0.layer, adapter: $0.adapter) })
    }
}
