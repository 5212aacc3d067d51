package import CatenaEngine
import CatenaModels
import CatenaSchema

/// LoRA with a chain of trained r x r matrices between its factors.
///
///     Y = X Wᵀ + s · dropout(X) Aᵀ Cᵀ Bᵀ      C = Mₙ … M₂ M₁
///     A [r, in]  uniform in ±1/√in      Mᵢ [r, r]  see `MixerStart`      B [out, r]  zero      s = alpha / r
///
/// C A is made once in each pass, so that a token costs what it costs with LoRA whatever n is. With P = X (C A)ᵀ:
///
///     dB = s dYᵀ P    dC = (s dY B)ᵀ (X Aᵀ)    dMᵢ = (Mₙ … Mᵢ₊₁)ᵀ dC (Mᵢ₋₁ … M₁)ᵀ    dA = Cᵀ (s dY B)ᵀ X
///
/// Parameters: r (in + out) + n r² per layer. At the start B = 0, so the layer is unchanged and only dB is not zero. n = 0
/// is LoRA, n = 1 MoSLoRA. ΔW = s B (C A) has the rank of LoRA's; the factors change the way that training takes.
///
/// - Source: *LinChain*, arXiv:2411.00039 (the formula; initialisation, s and n = 3 as in the code that goes with it, whose
///   mixers also have biases: the paper's formula has none, and neither has this). Orthogonal mixers by default: the chain of
///   the code shrinks the first gradient to 3^(-n/2).
package final class LinChain: LowRankAdapter {
    private let lora: LoRA
    private let mixers: [AdapterFactor]

    /// An adapter for `layer` with the mixers M₁ … Mₙ under these names, after the layer's path.
    ///
    /// - Throws: ``AdapterError`` if the rank does not fit the layer.
    init(
        layer: Linear, mixers names: [String], start: MixerStart, section: AdapterSection,
        seed: UInt64, memory: TensorMemory
    ) throws(AdapterError) {
        lora = try LoRA(
            layer: layer, rank: section.rank, alpha: section.alpha,
            rankStabilised: section.option("rs-lora")?.boolean ?? false,
            learningRateRatio: section.option("lora-plus-ratio")?.number ?? 1, dropout: section.dropout, seed: seed,
            allowsExcessRank: section.allowsExcessRank)
        mixers = names.map { name in
            start.mixer(
                name: "\(PEFT.prefix)\(layer.path).\(name)", rank: section.rank, seed: seed, memory: memory)
        }
    }

    package var scaling: Double { lora.scaling }
    package var dropout: Double { lora.dropout }

    /// A, the trained mixers in order, B.
    package var parameters: [Parameter] { [lora.a] + mixers.compactMap(\.parameter) + [lora.b] }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) {
        guard let first = mixers.first else { return lora.factors(on: tape) }
        let chain = mixers.dropFirst().reduce(first.variable) { tape.product($1.variable, $0) }
        return (tape.product(chain, lora.a.variable), lora.b.variable)
    }
}

extension AdapterMethod {
    /// LinChain.
    package static let linChain = AdapterMethod(
        name: "linchain", summary: "LoRA with a chain of n trained r x r matrices between A and B",
        formula: """
            Y = X Wᵀ + s · dropout(X) Aᵀ Cᵀ Bᵀ    X [tokens, in], W [out, in] frozen, C = Mₙ … M₂ M₁
            A [rank, in]     uniform in ±1/√in (Kaiming-uniform with a = √5)
            Mᵢ [rank, rank]  orthogonal; or kaiming, uniform in ±1/√rank; or the identity
            B [out, rank]    zero, so that training starts from the unchanged model
            s = alpha / rank, with rs-lora alpha / √rank; mixers learn at A's rate and do not decay
            merged: W + s · B C A; as a plain LoRA: C A and B
            """, parameterFormula: "Σ rank (in + out) + mixers · rank²",
        source: """
            LinChain, arXiv:2411.00039; three mixers as in the code that goes with it, without its mixers' biases,
            which are not in the paper's formula; orthogonal by default, kaiming for parity with that code
            """,
        options: [
            .init(
                "mixers", .integer(atLeast: 0, atMost: WholeNumberLimit.mixers), default: .integer(3),
                summary: "n; 0 is LoRA"),
            .init(
                "mixer", .choice(["orthogonal", "kaiming", "identity"]), default: .text("orthogonal"),
                summary: "how each of them begins: orthogonal, kaiming or identity"),
        ] + AdapterMethod.lora.options, hasLoRAForm: true
    ) { request in
        let section = request.section
        let names = (0..<(section.option("mixers")?.integer ?? 3)).map { "lora_mixer.\($0).weight" }
        let start = section.option("mixer")?.text.flatMap(MixerStart.init) ?? .orthogonal
        return try AttachedAdapter(each: request) { layer in
            try LinChain(
                layer: layer, mixers: names, start: start, section: section, seed: request.seed,
                memory: request.model.engine.memory)
        } parameters: {
            $0.parameters
        }
    }
}
