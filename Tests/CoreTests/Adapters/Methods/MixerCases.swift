import CatenaSchema

extension MethodCase {
    /// Y = x (W + s B M A)ᵀ, equations 5 to 7 of arXiv:2406.11909 with M = Wᵀ of its row vectors.
    static let moSLoRA: [MethodCase] = [
        ("orthogonal", 2, false), ("kaiming", 3, false), ("identity", 2, true), ("butterfly", 4, false),
    ].map { mixer, rank, isStabilised in
        MethodCase(
            method: "moslora", variant: mixer, rank: rank,
            options: ["mixer": .text(mixer), "rs-lora": .boolean(isStabilised)],
            formula: .layer { site, x in
                let (a, b) = (site("lora_A.weight"), site("lora_B.weight"))
                let m =
                    mixer == "butterfly"
                    ? DoubleMatrix(rows: rank, columns: rank) { ($0 - $1) % (rank / 2) == 0 ? 1 : 0 }
                    : site("lora_AB.weight")
                let scaling = 3 / (isStabilised ? Double(rank).squareRoot() : Double(rank))
                return site.through(site.weight + scaling * (b * m * a), x)
            }, zeroGradientsAtStart: ["lora_A.weight", "lora_AB.weight"],
            parameterCount: { layers, _ in
                layers.reduce(0) { $0 + rank * ($1.in + $1.out) + (mixer == "butterfly" ? 0 : rank * rank) }
            })
    }

    /// Y = x (W + s B Mₙ … M₁ A)ᵀ, the formula of arXiv:2411.00039 with A on the input's side.
    static let linChain: [MethodCase] = [
        (0, "orthogonal"), (1, "kaiming"), (3, "orthogonal"), (4, "kaiming"), (2, "identity"),
    ].map { count, mixer in
        MethodCase(
            method: "linchain", variant: "\(count) \(mixer)", rank: 3,
            options: ["mixers": .integer(count), "mixer": .text(mixer)],
            formula: .layer { site, x in
                var product = site("lora_A.weight")
                for index in 0..<count { product = site("lora_mixer.\(index).weight") * product }
                return site.through(site.weight + 1 * (site("lora_B.weight") * product), x)
            }, zeroGradientsAtStart: ["lora_A.weight"] + (0..<count).map { "lora_mixer.\($0).weight" },
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 3 * ($1.in + $1.out) + count * 9 } })
    }
}
