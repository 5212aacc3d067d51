import CatenaAdapters
import CatenaModels
import CatenaSchema

extension MethodCase {
    /// Where a tensor of Tied-LoRA stands, said in full for the toy model and not taken from the program.
    private static func tensor(_ name: String, _ site: Site, isTied: Bool, group: Bool) -> DoubleMatrix {
        let parts = site.path.split(separator: ".").map(String.init)
        var module = parts[3...].joined(separator: ".")
        if group, ["q_proj", "k_proj", "v_proj"].contains(parts.last ?? "") { module = "self_attn.qkv" }
        let place = isTied ? "tied" : "model.layers.\(parts[2])"
        return site("base_model.model.\(place).\(module).\(name)")
    }

    private struct Tied {
        var name: String
        var options: [String: ConfigurationValue]
        /// Whether it is tied, and whether it is trained: A, B, u, v.
        var a, b, u, v: (tied: Bool, trained: Bool)
        var zero: [String]
        var targets: AdapterSection.Targets?
        var isStabilised = false
    }

    private static let choices: [Tied] = [
        Tied(
            name: "tl6", options: [:], a: (true, true), b: (true, true), u: (false, true), v: (false, true),
            zero: ["lora_A.weight", "lora_u", "lora_v"]),
        Tied(
            name: "vectors", options: ["preset": .text("vectors")], a: (true, false), b: (true, false),
            u: (false, true), v: (false, true), zero: ["lora_u"], targets: .allLinear),
        Tied(
            name: "tl5", options: ["preset": .text("tl5")], a: (true, true), b: (true, true), u: (false, false),
            v: (false, false), zero: ["lora_A.weight"], targets: .allLinear),
        Tied(
            name: "tied-a", options: ["preset": .text("tied-a")], a: (true, true), b: (false, true), u: (false, false),
            v: (false, false), zero: ["lora_A.weight"]),
        Tied(
            name: "tied-b", options: ["preset": .text("tied-b")], a: (false, true), b: (true, true), u: (false, false),
            v: (false, false), zero: ["lora_A.weight"]),
        Tied(
            name: "lora", options: ["preset": .text("lora"), "rs-lora": .boolean(true)], a: (false, true),
            b: (false, true), u: (false, false), v: (false, false), zero: ["lora_A.weight"], targets: .allLinear,
            isStabilised: true),
        Tied(
            name: "everything tied", options: ["u": .text("tied-trained"), "v": .text("tied-trained")],
            a: (true, true), b: (true, true), u: (true, true), v: (true, true),
            zero: ["lora_A.weight", "lora_u", "lora_v"]),
        Tied(
            name: "only v frozen at random A, B of a layer",
            options: [
                "a": .text("layer-trained"), "b": .text("layer-frozen"), "u": .text("layer-trained"),
                "v": .text("layer-frozen"),
            ], a: (false, true), b: (false, false), u: (false, true), v: (false, false), zero: ["lora_A.weight"]),
    ]

    /// Y = x (W + s diag(v) B diag(u) A)ᵀ of arXiv:2311.09578.
    static let tiedLoRA: [MethodCase] = choices.map { choice in
        MethodCase(
            method: "tied-lora", variant: choice.name, targets: choice.targets, options: choice.options,
            formula: .layer { site, x in
                let (rank, out) = (2, site.weight.rows)
                func vector(_ name: String, _ form: (tied: Bool, trained: Bool), _ count: Int, group: Bool)
                    -> DoubleMatrix
                {
                    guard form.trained else { return DoubleMatrix(rows: 1, columns: count) { _, _ in 1 } }
                    return tensor(name, site, isTied: form.tied, group: group)
                }
                let a = tensor("lora_A.weight", site, isTied: choice.a.tied, group: true)
                let b = tensor("lora_B.weight", site, isTied: choice.b.tied, group: false)
                let u = vector("lora_u", choice.u, rank, group: true)
                let v = vector("lora_v", choice.v, out, group: false)
                let change = DoubleMatrix(rows: out, columns: a.columns) { row, column in
                    (0..<rank).reduce(0) { $0 + v[0, row] * b[row, $1] * u[0, $1] * a[$1, column] }
                }
                return site.through(site.weight + (3 / (choice.isStabilised ? 2.0.squareRoot() : 2)) * change, x)
            }, zeroGradientsAtStart: choice.zero,
            parameterCount: { _, configuration in
                let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
                let (q, kv) = (
                    configuration.attentionHeads * configuration.headDimension,
                    configuration.keyValueHeads * configuration.headDimension
                )
                // (in, out of its members) of each group: qkv; o, gate, up, down.
                let groups = [(d, q + 2 * kv)] + (choice.targets == nil ? [] : [(q, d), (d, f), (d, f), (f, d)])
                func count(_ form: (tied: Bool, trained: Bool), _ size: Int) -> Int {
                    form.trained ? size * (form.tied ? 1 : configuration.layerCount) : 0
                }
                return groups.reduce(0) { sum, group in
                    sum + count(choice.a, 2 * group.0) + count(choice.b, 2 * group.1) + count(choice.u, 2)
                        + count(choice.v, group.1)
                }
            })
    }
}
