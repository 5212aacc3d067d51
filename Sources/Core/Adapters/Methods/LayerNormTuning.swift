import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema

extension AdapterMethod {
    /// LN-tuning: the vectors of the norms are trained and nothing else.
    ///
    ///     Y = norm(X) ⊙ w + b      dw = Σ rows of dY ⊙ norm(X),   db = Σ rows of dY      (RMSNorm has no b)
    ///
    /// Every norm of the blocks, the norms of queries and keys where a model has them, and the last one. PEFT's default takes
    /// fewer for some families (Qwen: `post_attention_layernorm` only); `norms: [post_attention_layernorm]` is that. Weight
    /// decay does not apply. Parameters: Σ width, twice that for LayerNorm.
    ///
    /// - Source: Zhao et al. 2023, *Tuning LayerNorm in Attention*, arXiv:2312.11420; peft `tuners/ln_tuning`.
    package static let lnTuning: AdapterMethod = .init(
        name: "ln-tuning", summary: "the scales (and biases) of the norms",
        formula: """
            Y = norm(X) ⊙ w + b    w [width] trained, and b where the norm has one (LayerNorm)
            it begins with the model's own w and b
            """, parameterFormula: "Σ width of the norms; 2 Σ width for LayerNorm",
        source: """
            Zhao et al. 2023, Tuning LayerNorm in Attention, arXiv:2312.11420
            files as in Hugging Face PEFT's LN_TUNING
            """, commonKeys: [.initial],
        options: [
            .init("norms", .modules, default: .text(".*"), summary: "which norms: names, or a regular expression")
        ], peft: .lnTuning
    ) { request in
        let all = request.model.normVectors
        let option = request.section.option("norms") ?? .text(".*")
        let chosen = all.filter { ModulePattern(option)?.matches($0.modulePath) ?? false }
        guard !chosen.isEmpty else {
            throw AdapterError.optionMisfit(
                option: "norms", found: option.inlineYAML, expected: LayerNormNames.of(all).joined(separator: ", "))
        }
        return AttachedAdapter(
            request.section,
            vectors: chosen.map { vector in
                let (module, leaf) = (vector.modulePath, vector.name.dropFirst(vector.modulePath.count))
                return (vector, vector.trainableParameter(named: PEFT.prefix + module + ".ln_tuning_layers" + leaf))
            })
    }
}

/// The names of norms as PEFT's `target_modules` has them.
enum LayerNormNames {
    /// The modules' own names, each once.
    static func of(_ vectors: [LayerVector]) -> [String] {
        Set(vectors.map { String($0.modulePath.split(separator: ".").last ?? "") }).sorted()
    }

    /// The modules' paths, each once.
    static func paths(of vectors: [LayerVector]) -> [String] { Set(vectors.map(\.modulePath)).sorted() }
}

extension PEFTForm {
    /// LN-tuning; `target_modules` names norms.
    ///
    /// - Source: peft `tuners/ln_tuning/config.py`, `LNTuningConfig`.
    static let lnTuning: PEFTForm = .init(
        type: "LN_TUNING",
        members: { configuration, adapter in
            let vectors = adapter?.trainedVectors.map(\.vector) ?? []
            let option = configuration.section.option("norms")
            let names: [String] =
                if let list = option?.list {
                    list.compactMap(\.text).sorted()
                } else if option?.text == ".*" {
                    LayerNormNames.of(vectors)
                } else {
                    // As a regular expression, PEFT would apply it to modules of every kind.
                    LayerNormNames.paths(of: vectors)
                }
            return ["target_modules": .array(names.map { .string($0) }), "modules_to_save": .null]
        },
        section: { file in
            var section = AdapterMethod.lnTuning.defaultSection
            section.set("norms", try file.require("target_modules").modules())
            return section
        }, takesBias: false)
}
