import CatenaAdapters
import CatenaModels
import CatenaSchema

extension MethodCase {
    static let bone: [MethodCase] =
        // 2 divides every in, 3 and 5 do not; mini 4 divides every out.
        [(2, nil), (3, nil), (5, nil), (3, 4), (2, 2)].map { (rank: Int, mini: Int?) in
            MethodCase(
                method: "bone", variant: "rank \(rank)" + (mini.map { " mini \($0)" } ?? ""), rank: rank,
                options: mini.map { ["mini": .integer($0)] } ?? [:],
                model: { if rank == 5 { TinyModel.everyOption(&$0) } },
                formula: .layer { site, x in
                    let d = site("miss_block")
                    let change = DoubleMatrix(rows: site.weight.rows, columns: site.weight.columns) { o, j in
                        d[j % rank, o % (mini ?? site.weight.rows)]
                    }
                    return site.through(site.weight + change, x)
                }, zeroGradientsAtStart: [],
                parameterCount: { layers, _ in layers.reduce(0) { $0 + rank * (mini ?? $1.out) } })
        }

    static let bat: [MethodCase] = [
        bat("rank 2", rank: 2), bat("rank 4, biases", rank: 4, model: TinyModel.everyOption), bat("rank 1", rank: 1),
        bat("transposed matrices", rank: 4, model: TinyModel.gpt2),
    ]

    private static func bat(
        _ variant: String, rank: Int, model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: "bat", variant: variant, rank: rank, model: model,
            formula: .layer { site, x in
                let (w, b) = (site.weight, site("miss_block"))
                let guided = DoubleMatrix(rows: w.rows, columns: w.columns) { row, column in
                    let (a, i, block, c) = (row / rank, row % rank, column / rank, column % rank)
                    var sum = w[row, column]
                    for k in 0..<rank {
                        let guide = w[row, block * rank + k] + (k == i ? 1 : 0)
                        sum += guide * b[a * rank + k, c]
                    }
                    return sum
                }
                return site.through(guided, x)
            }, zeroGradientsAtStart: [],
            // The layout of the files decides in which order a frozen product is summed.
            startsExactly: variant != "transposed matrices",
            parameterCount: { layers, _ in layers.reduce(0) { $0 + rank * $1.out } })
    }

    static let ia3: [MethodCase] = [
        ia3("", scaled: ["k_proj", "v_proj", "down_proj"], inputs: ["down_proj"]),
        ia3("biases", model: TinyModel.everyOption, scaled: ["k_proj", "v_proj", "down_proj"], inputs: ["down_proj"]),
        ia3("GPT-2", model: TinyModel.gpt2, scaled: ["c_attn", "mlp.c_proj"], inputs: ["mlp.c_proj"]),
        ia3(
            "other layers", targets: .allLinear,
            options: ["feed-forward": .list([.text("o_proj"), .text("mlp.up_proj")])],
            scaled: ["_proj"], inputs: ["o_proj", "up_proj"]),
        ia3(
            "outputs only", targets: .names(["q_proj"]), options: ["feed-forward": .text("")], scaled: ["q_proj"],
            inputs: []),
    ]

    private static func ia3(
        _ variant: String, targets: AdapterSection.Targets? = nil,
        options: [String: ConfigurationValue] = [:],
        model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }, scaled: [String], inputs: [String]
    ) -> MethodCase {
        MethodCase(
            method: "ia3", variant: variant, targets: targets, options: options, model: model,
            formula: .layer { site, x in
                let l = site("ia3_l").values
                precondition(scaled.contains { site.path.hasSuffix($0) }, "\(site.path) is adapted")
                func scale(_ m: DoubleMatrix) -> DoubleMatrix {
                    DoubleMatrix(rows: m.rows, columns: m.columns) { m[$0, $1] * l[$1] }
                }
                guard inputs.contains(where: { site.path.hasSuffix($0) }) else {
                    return scale(site.through(site.weight, x))
                }
                return site.through(site.weight, scale(x))
            }, zeroGradientsAtStart: [],
            parameterCount: { layers, configuration in
                let (d, f, q) = (configuration.hiddenSize, configuration.intermediateSize, configuration.queryWidth)
                let kv = configuration.keyValueWidth
                let perLayer =
                    switch variant {
                    case "GPT-2": 3 * d + f
                    // q, k, v, gate and down by their outputs, o and up by their inputs
                    case "other layers": q + 2 * kv + f + d + q + d
                    case "outputs only": q
                    default: 2 * kv + f
                    }
                return configuration.layerCount * perLayer
            })
    }

    static let vectors: [MethodCase] = [
        MethodCase(
            method: "bitfit", model: TinyModel.everyOption, formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in
                c.layerCount * (c.queryWidth + 2 * c.keyValueWidth + 2 * c.hiddenSize + 2 * c.intermediateSize)
            }),
        MethodCase(
            method: "bitfit", variant: "GPT-2", model: TinyModel.gpt2, formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in
                c.layerCount * (7 * c.hiddenSize + c.intermediateSize) + c.hiddenSize
            }),
        MethodCase(
            method: "ln-tuning", formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in (2 * c.layerCount + 1) * c.hiddenSize }),
        MethodCase(
            method: "ln-tuning", variant: "norms of queries and keys", model: TinyModel.everyOption, formula: .model,
            zeroGradientsAtStart: [],
            parameterCount: { _, c in c.layerCount * 2 * (c.hiddenSize + c.headDimension) + c.hiddenSize }),
        MethodCase(
            method: "ln-tuning", variant: "one name", options: ["norms": .list([.text("post_attention_layernorm")])],
            formula: .model, zeroGradientsAtStart: [], parameterCount: { _, c in c.layerCount * c.hiddenSize }),
        MethodCase(
            method: "ln-tuning", variant: "an expression",
            options: ["norms": .text(#"model\.layers\.1\..*|model\.norm"#)], formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in 3 * c.hiddenSize }),
        MethodCase(
            method: "ln-tuning", variant: "GPT-2", model: TinyModel.gpt2, formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in (2 * c.layerCount + 1) * 2 * c.hiddenSize }),
        MethodCase(
            method: "full",
            model: { configuration in
                TinyModel.everyOption(&configuration)
                (configuration.layerCount, configuration.intermediateSize) = (1, 4)
            }, formula: .model, zeroGradientsAtStart: [],
            parameterCount: { _, c in
                let (d, f, q, kv) = (c.hiddenSize, c.intermediateSize, c.queryWidth, c.keyValueWidth)
                let biases = q + 2 * kv + d + 2 * f + d
                let layer = 2 * q * d + 2 * kv * d + 3 * f * d + biases + 2 * d + 2 * c.headDimension
                return 2 * c.vocabularySize * d + d + c.layerCount * layer
            }),
    ]
}
