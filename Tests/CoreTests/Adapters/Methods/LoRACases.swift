import CatenaSchema

extension MethodCase {
    static let lora: [MethodCase] = [false, true].map { isStabilised in
        MethodCase(
            method: "lora", variant: isStabilised ? "rs-lora" : "", options: ["rs-lora": .boolean(isStabilised)],
            formula: .layer { site, x in
                let (a, b) = (site("lora_A.weight"), site("lora_B.weight"))
                let scaling = 3 / (isStabilised ? 2.0.squareRoot() : 2)
                return site.through(site.weight + scaling * (b * a), x)
            }, zeroGradientsAtStart: ["lora_A.weight"],
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 2 * ($1.in + $1.out) } })
    }
}
