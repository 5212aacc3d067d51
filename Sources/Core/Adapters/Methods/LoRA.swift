package import CatenaEngine
package import CatenaModels
import CatenaSchema

/// Low-rank adaptation: `Y = X Wᵀ + s · dropout(X) Aᵀ Bᵀ`.
///
///     A [r, in]  Kaiming-uniform(√5), i.e. uniform in ±1/√in      B [out, r]  zero      s = alpha / r
///     rs-lora: s = alpha / √r        LoRA+: B learns `lora-plus-ratio` times as fast as A
///
///     H = X Aᵀ [N, r]    dH = s dY B    dB = s dYᵀ H    dA = dHᵀ X    dX += dH A
///
/// Parameters: r (in + out) per layer. At the start B = 0, so the layer is unchanged and dA = 0.
///
/// - Source: Hu et al. 2021, *LoRA*, arXiv:2106.09685; Kalajdzievski 2023, *rsLoRA*, arXiv:2312.03732;
///   Hayou et al. 2024, *LoRA+*, arXiv:2402.12354; the initialisation as in peft `lora/layer.py`.
package final class LoRA: LowRankAdapter {
    /// A, `[rank, inFeatures]`.
    package let a: Parameter
    /// B, `[outFeatures, rank]`.
    package let b: Parameter
    /// s.
    package let scaling: Double
    /// Probability that an input of the adapter is dropped.
    package let dropout: Double

    /// An adapter for `layer`.
    ///
    /// - Parameter allowsExcessRank: whether the rank may be above the layer's smaller side.
    /// - Throws: ``AdapterError/rankOutOfRange(rank:path:inFeatures:outFeatures:)``.
    package init(
        layer: Linear, rank: Int, alpha: Double, rankStabilised: Bool, learningRateRatio: Double, dropout: Double,
        seed: UInt64, allowsExcessRank: Bool = false
    ) throws(AdapterError) {
        if !allowsExcessRank { try layer.requireRank(rank) }
        scaling = alpha / (rankStabilised ? Double(rank).squareRoot() : Double(rank))
        self.dropout = dropout
        let (inFeatures, name) = (layer.inFeatures, PEFT.prefix + layer.path)
        a = Parameter(name: name + ".lora_A.weight", shape: [rank, inFeatures]) { value in
            unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name + ".lora_A.weight")
                .fillKaimingUniform(
                    UnsafeMutableBufferPointer(start: value.pointer, count: value.count), fanIn: inFeatures)
        }
        b = Parameter(
            name: name + ".lora_B.weight", shape: [layer.outFeatures, rank],
            learningRateFactor: learningRateRatio
        ) { $0.fill(0) }
    }

    /// A, then B.
    package var parameters: [Parameter] { [a, b] }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) { (a.variable, b.variable) }
}

extension AdapterMethod {
    /// LoRA, with rsLoRA and LoRA+ as options.
    package static let lora = AdapterMethod(
        name: "lora", summary: "low-rank update s·B·A of each frozen matrix",
        formula: """
            Y = X Wᵀ + s · dropout(X) Aᵀ Bᵀ    X [tokens, in], W [out, in] frozen
            A [rank, in]    uniform in ±1/√in (Kaiming-uniform with a = √5)
            B [out, rank]   zero, so that training starts from the unchanged model
            s = alpha / rank, with rs-lora alpha / √rank
            merged: W + s · B A
            """, parameterFormula: "Σ rank (in + out)",
        source: """
            Hu et al. 2021, LoRA, arXiv:2106.09685
            Kalajdzievski 2023, rsLoRA, arXiv:2312.03732 (rs-lora)
            Hayou et al. 2024, LoRA+, arXiv:2402.12354 (lora-plus-ratio)
            initialisation as in Hugging Face PEFT
            """, options: loraOptions, hasLoRAForm: true, peft: .lora
    ) { request in
        let section = request.section
        return try AttachedAdapter(each: request) { layer in
            try LoRA(
                layer: layer, rank: section.rank(of: layer), alpha: section.alpha(of: layer),
                rankStabilised: section.option("rs-lora")?.boolean ?? false,
                learningRateRatio: section.option("lora-plus-ratio")?.number ?? 1, dropout: section.dropout,
                seed: request.seed, allowsExcessRank: section.allowsExcessRank)
        } parameters: {
            $0.parameters
        }
    }

    private static let loraOptions: [AdapterOption] = [
        .init(
            "rs-lora", .boolean, default: .boolean(false),
            summary: "scale by alpha / sqrt(rank) instead of alpha / rank"),
        .init(
            "lora-plus-ratio", .number(above: 0), default: .number(1),
            summary: "learning rate of B divided by that of A (LoRA+; 1 is plain LoRA)"),
    ]
}
