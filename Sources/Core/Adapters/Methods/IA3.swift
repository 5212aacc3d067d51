package import CatenaEngine
import CatenaFiles
package import CatenaModels
import CatenaSchema

/// (IA)³: a trained vector that scales what a layer gives, or what it takes.
///
///     keys, values:    Y = (X Wᵀ + b) ⊙ l      l [out, 1]  ones      dl = Σ rows of dY ⊙ (X Wᵀ + b)
///     feed-forward:    Y = (X ⊙ l) Wᵀ + b      l [1, in]   ones      dl = Σ rows of (dY W) ⊙ X
///
/// The bias of a layer whose output is scaled is scaled too, as in PEFT. Merged, l multiplies the rows (and the bias) or the
/// columns of W, which is no low-rank change, so there is no plain LoRA of it. Weight decay does not apply to l, which it
/// would pull to 0 and not to 1. Parameters: out or in per layer. At the start l = 1: the layer is unchanged.
///
/// - Source: Liu et al. 2022, *Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning*,
///   arXiv:2205.05638; peft `tuners/ia3/layer.py`.
package final class IA3: LinearAdapter {
    /// l, `[outFeatures, 1]`, or `[1, inFeatures]` where the input is scaled.
    package let l: Parameter
    /// Whether the input is scaled and not the output.
    package let scalesInput: Bool

    /// An adapter for `layer`.
    package init(layer: Linear, scalesInput: Bool) {
        self.scalesInput = scalesInput
        l = Parameter(
            name: PEFT.prefix + layer.path + ".ia3_l",
            shape: scalesInput ? [1, layer.inFeatures] : [layer.outFeatures, 1], decays: false, neutral: .one
        ) { $0.fill(1) }
    }

    package func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        guard scalesInput else { return tape.scaleColumns(of: layer.base(x, on: tape), by: l.variable) }
        return layer.base(tape.scaleColumns(of: x, by: l.variable), on: tape)
    }

    package func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = engine.memory.tensor(rows: weight.rows, columns: weight.columns)
        if scalesInput {
            engine.scaleColumns(weight, by: l.value, into: result)
            return result
        }
        for row in 0..<weight.rows {
            let (source, target) = unsafe (weight.pointer + row * weight.columns, result.pointer + row * weight.columns)
            let factor = unsafe l.value.pointer[row]
            for column in 0..<weight.columns { unsafe target[column] = source[column] * factor }
        }
        return result
    }

    package func merged(intoBias bias: Tensor, engine: Engine) -> Tensor {
        guard !scalesInput else { return bias }
        let result = engine.memory.tensor(rows: bias.rows, columns: bias.columns)
        engine.scaleColumns(bias, by: l.value, into: result)
        return result
    }

    package func folded(engine: Engine) -> FoldedLoRA? { nil }

    /// What is scaled is made again in the backward pass.
    package func memory(rank: Int, of layer: Linear) -> AdapterMemory { AdapterMemory() }
}

extension AdapterMethod {
    /// (IA)³.
    ///
    /// One default for all families: the outputs of k and v (of the fused q, k, v in GPT-2) and the input of the last matrix
    /// of the feed-forward part, as in the paper. PEFT's defaults have q instead of k or v for some families (OPT, Qwen).
    package static let ia3: AdapterMethod = .init(
        name: "ia3", summary: "one vector per layer that scales keys, values and feed-forward activations",
        formula: """
            keys, values: Y = (X Wᵀ + b) ⊙ l    l [out, 1]   ones
            feed-forward: Y = (X ⊙ l) Wᵀ + b    l [1, in]    ones, so that training starts from the unchanged model
            merged: rows of W and b times l, or columns of W times l
            there is no rank, alpha or dropout
            """, parameterFormula: "Σ out (scaled outputs) + Σ in (scaled inputs)",
        source: """
            Liu et al. 2022, (IA)³, arXiv:2205.05638
            as in Hugging Face PEFT's IA3
            """, commonKeys: [.targets, .initial],
        defaultTargets: .roles([.key, .value, .fusedQueryKeyValue, .down]),
        options: [
            .init(
                "feed-forward", .modules, default: .list(ModuleNames.text([.down]).map { .text($0) }),
                summary: "the targets whose input is scaled and not the output")
        ], peft: .ia3
    ) { request in
        let option = request.section.option("feed-forward") ?? .list([])
        let feedForward = ModulePattern(option)
        return AttachedAdapter(each: request) { layer in
            IA3(layer: layer, scalesInput: feedForward?.matches(layer) ?? false)
        } parameters: {
            [$0.l]
        }
    }
}

extension PEFTForm {
    /// (IA)³. `feedforward_modules` is written as a regular expression, which PEFT does not compare with `target_modules`.
    ///
    /// - Source: peft `tuners/ia3/config.py`, `IA3Config`.
    static let ia3: PEFTForm = .init(
        type: "IA3",
        members: { configuration, adapter in
            [
                "feedforward_modules": .string(adapter.map(scaledInputs) ?? ""),
                "fan_in_fan_out": .bool(configuration.storesTransposed),
                "init_ia3_weights": .bool(true), "modules_to_save": .null,
            ]
        },
        section: { file in
            var section = AdapterMethod.ia3.defaultSection
            guard let modules = file["feedforward_modules"] else { return section }
            var pattern = try modules.modules()
            // PEFT compares names with the ends of paths, also within a part of a path; no names are none.
            if let names = pattern.list?.compactMap(\.text).map(escaped) {
                pattern = .text(names.isEmpty ? "" : ".*(\(names.joined(separator: "|")))")
            }
            section.set("feed-forward", pattern)
            return section
        }, takesBias: false)

    /// A regular expression of the layers whose input is scaled: their names, or their paths where others have such names too.
    private static func scaledInputs(_ adapter: AttachedAdapter) -> String {
        let adapted = adapter.linearAdapters.compactMap { layer, adapter in
            (adapter as? IA3).map { (layer, $0.scalesInput) }
        }
        let scaled = adapted.filter(\.1).map(\.0)
        let others = Set(adapted.filter { !$0.1 }.map(\.0.moduleName))
        guard scaled.contains(where: { others.contains($0.moduleName) }) else {
            let names = Set(scaled.map { escaped($0.moduleName) }).sorted()
            return names.isEmpty ? "" : ".*\\.(\(names.joined(separator: "|")))"
        }
        return scaled.map { escaped($0.path) }.joined(separator: "|")
    }

    private static func escaped(_ name: String) -> String { name.replacing(".", with: "\\.") }
}
