import CatenaEngine
import CatenaModels
import CatenaSchema

/// Mixture of subspaces in LoRA: ``LinChain`` with one mixer.
///
///     Y = X Wᵀ + s · dropout(X) Aᵀ Mᵀ Bᵀ      M [r, r]      A, B, s as in LoRA
///     dB = s dYᵀ (X Aᵀ Mᵀ)    dM = (s dY B)ᵀ (X Aᵀ)    dA = Mᵀ (s dY B)ᵀ X
///
/// Parameters: r (in + out) + r² per layer, without r² for the butterfly, which is fixed and gives ΔW of rank r/2 or less.
///
/// - Source: Wu et al. 2024, *Mixture-of-Subspaces in Low-Rank Adaptation*, arXiv:2406.11909, equations 5 to 7 and section
///   3.2. The paper finds Kaiming and orthogonal mixers best and uses one or the other by task. Orthogonal is the default
///   here, because it shrinks nothing; `kaiming` is what the paper took for its language tasks (r = 16).
extension AdapterMethod {
    /// MoSLoRA.
    package static let moSLoRA = AdapterMethod(
        name: "moslora", summary: "LoRA with one r x r mixer between A and B, trained or a fixed butterfly",
        formula: """
            Y = X Wᵀ + s · dropout(X) Aᵀ Mᵀ Bᵀ    X [tokens, in], W [out, in] frozen
            A [rank, in]     uniform in ±1/√in (Kaiming-uniform with a = √5)
            M [rank, rank]   orthogonal; or kaiming, uniform in ±1/√rank; or the identity; or the butterfly
                             [[I, I], [I, I]], which is fixed and needs an even rank
            B [out, rank]    zero, so that training starts from the unchanged model
            s = alpha / rank, with rs-lora alpha / √rank; M learns at A's rate and does not decay
            merged: W + s · B M A; as a plain LoRA: M A and B
            """, parameterFormula: "Σ rank (in + out) + rank², without rank² for the butterfly",
        source: """
            Wu et al. 2024, MoSLoRA, arXiv:2406.11909; orthogonal by default, kaiming for parity with the
            paper's language tasks
            """,
        options: [
            .init(
                "mixer", .choice(MixerStart.allCases.map(\.rawValue)), default: .text("orthogonal"),
                summary: "how M begins: orthogonal, kaiming or identity; or butterfly, which stays as it is")
        ] + AdapterMethod.lora.options, hasLoRAForm: true
    ) { request in
        let section = request.section
        let start = section.option("mixer")?.text.flatMap(MixerStart.init) ?? .orthogonal
        if start == .butterfly, !section.rank.isMultiple(of: 2) {
            throw AdapterError.unsupported(
                path: "adapter", key: "rank", found: "\(section.rank) with mixer: butterfly",
                supported: "an even rank, or another mixer")
        }
        return try AttachedAdapter(each: request) { layer in
            try LinChain(
                layer: layer, mixers: ["lora_AB.weight"], start: start, section: section, seed: request.seed,
                memory: request.model.engine.memory)
        } parameters: {
            $0.parameters
        }
    }
}
