import CatenaEngine
import CatenaSchema

extension AdapterMethod {
    /// LoRA-GA.
    package static let loraGA = AdapterMethod(
        name: "lora-ga", summary: "LoRA that begins along the leading singular vectors of the first batches' gradient",
        formula: """
            Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ    G = dL/dW = U diag(σ) Vᵀ [out, in] of the unchanged model
            A [rank, in]    begins as A₀ = c Vᵀ, its rows 1 … rank
            B [out, rank]   begins as B₀ = c U, its columns rank + 1 … 2 · rank
            c = out^¼ / √stable-gamma; s = alpha / rank, with rs-lora alpha / √rank
            the first step changes W along the best approximation of G of rank 2 · rank
            merged: W + s (B A - B₀ A₀); as a plain LoRA its rank is 2 · rank
            without training data (benchmarks): A uniform in ±1/√in, B zero
            """, parameterFormula: "Σ rank (in + out)",
        keptFormula: "Σ rank (in + out), A₀ and B₀",
        source: """
            Wang et al. 2024, LoRA-GA, arXiv:2407.05000
            initialisation as in the authors' repository, not as in Hugging Face PEFT, whose lora_ga differs
            """, commonKeys: .withoutInitial, defaultAlpha: { Double($0) }, options: loraGAOptions, hasLoRAForm: true
    ) { request in
        try AttachedAdapter(origins: request) { layer in try LoRAGA(layer: layer, request: request) }
    }

    private static let loraGAOptions: [AdapterOption] = [
        .init(
            "direction", .choice(LoRAGA.Direction.allCases.map(\.rawValue)), default: .text("ArB2r"),
            summary: "which of the 2 · rank leading vectors A and B get"),
        .init(
            "scale", .choice(LoRAGA.Scale.allCases.map(\.rawValue)), default: .text("stable"),
            summary: "the vectors' factor: out^¼ / √stable-gamma, 1 / s, 1, or from the weight's singular values"),
        .init(
            "stable-gamma", .number(above: 0), default: .number(16),
            summary: "γ of scale stable; larger is a smaller start"),
        .init(
            "gradient-steps", .integer(atLeast: 1), default: .integer(1),
            summary: "over how many global batches the gradient is taken; their activations are held at once"),
        SpectralDecomposition.option(default: .integer(4)),
        .init(
            "rs-lora", .boolean, default: .boolean(false),
            summary: "scale by alpha / sqrt(rank) instead of alpha / rank, as the paper does"),
    ]
}
