import CatenaSchema

extension MethodCase {
    /// W + s (B A - B₀ A₀) with the scaling that a case has.
    private static func origin(scaling: Double) -> Formula {
        .layer { site, x in
            let (a, b) = (site("lora_A.weight"), site("lora_B.weight"))
            return site.through(site.weight + scaling * (b * a - site("origin_B") * site("origin_A")), x)
        }
    }

    /// PiSSA: W + s (B A - B₀ A₀), nothing without a gradient, r (in + out).
    static let pissa: [MethodCase] = [ConfigurationValue.text("exact"), .integer(2)].map { iterations in
        MethodCase(
            method: "pissa", variant: "iterations \(iterations.inlineYAML)", options: ["iterations": iterations],
            formula: origin(scaling: 1.5), zeroGradientsAtStart: [], startsExactly: false,
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 2 * ($1.in + $1.out) } })
    }

    /// OLoRA: as PiSSA with other first values.
    static let olora: [MethodCase] = [1, 3].map { rank in
        MethodCase(
            method: "olora", variant: "rank \(rank)", rank: rank, alpha: 3, model: TinyModel.everyOption,
            formula: origin(scaling: 3 / Double(rank)), zeroGradientsAtStart: [], differenceStep: 0.005,
            startsExactly: false,
            parameterCount: { layers, _ in layers.reduce(0) { $0 + rank * ($1.in + $1.out) } })
    }

    /// LoRA-GA before it has a gradient: plain LoRA. With one: `LoRAGATests`.
    static let loraGA: [MethodCase] = [false, true].map { isStabilised in
        MethodCase(
            method: "lora-ga", variant: isStabilised ? "rs-lora" : "", options: ["rs-lora": .boolean(isStabilised)],
            formula: origin(scaling: 3 / (isStabilised ? 2.0.squareRoot() : 2)),
            zeroGradientsAtStart: ["lora_A.weight"],
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 2 * ($1.in + $1.out) } })
    }

    /// SORSA: W + s (B diag(S) A - B₀ diag(S₀) A₀), r (in + out + 1).
    static let sorsa: [MethodCase] = [
        ["gamma": ConfigurationValue.number(0)], ["gamma": .number(0.1), "clip-penalty": .boolean(true)],
        ["iterations": .integer(1)],
    ].map { options in
        MethodCase(
            method: "sorsa",
            variant: options.map { "\($0.key) \($0.value.inlineYAML)" }.sorted().joined(separator: " "),
            options: options,
            formula: .layer { site, x in
                let (a, s, b) = (site("sorsa_A"), site("sorsa_S"), site("sorsa_B"))
                let diagonal = DoubleMatrix(rows: 2, columns: 2) { $0 == $1 ? s.values[$0] : 0 }
                return site.through(
                    site.weight + 1.5 * (b * diagonal * a - site("origin_B") * site("origin_A")), x)
            }, zeroGradientsAtStart: [], differenceStep: 0.005, startsExactly: false,
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 2 * ($1.in + $1.out + 1) } })
    }
}
