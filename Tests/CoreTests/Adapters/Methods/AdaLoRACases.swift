import CatenaModels

extension MethodCase {
    static let adalora: [MethodCase] = [
        adaloraCase(variant: ""), adaloraCase(variant: "rank 3", rank: 3),
        adaloraCase(variant: "GPT-2", model: TinyModel.gpt2),
    ]

    private static func adaloraCase(
        variant: String, rank: Int = 2, model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: "adalora", variant: variant, rank: rank, alpha: 5, model: model,
            formula: .layer { site, x in
                let (a, e, b) = (site("lora_A"), site("lora_E"), site("lora_B"))
                let diagonal = DoubleMatrix(rows: rank, columns: rank) { $0 == $1 ? e[$0, 0] : 0 }
                return site.through(site.weight + 5 / (Double(rank) + 1e-5) * (b * diagonal * a), x)
            }, zeroGradientsAtStart: ["lora_A", "lora_B"],
            parameterCount: { layers, _ in layers.reduce(0) { $0 + rank * ($1.in + $1.out + 1) } })
    }
}
