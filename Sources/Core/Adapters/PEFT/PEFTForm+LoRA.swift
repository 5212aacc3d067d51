import CatenaFiles
import CatenaSchema

extension PEFTForm {
    /// LoRA and rsLoRA.
    ///
    /// - Source: peft `tuners/lora/config.py`, `LoraConfig`.
    static let lora: PEFTForm = PEFTForm(
        type: "LORA", members: { configuration, _ in loraMembers(configuration, usesDoRA: false) },
        section: { file in
            guard try file["use_dora"]?.bool() != true else { return nil }
            return try loraSection(file, method: .lora)
        })

    /// The members of `LoraConfig`.
    static func loraMembers(_ configuration: PEFTConfiguration, usesDoRA: Bool) -> JSONObject {
        let section = configuration.section
        let patterns = section.patterns.json
        return [
            "r": .integer(section.rank), "lora_alpha": .shortest(section.alpha),
            "lora_dropout": .number(section.dropout),
            "use_rslora": .bool(section.option("rs-lora")?.boolean ?? false), "use_dora": .bool(usesDoRA),
            "fan_in_fan_out": .bool(configuration.storesTransposed), "init_lora_weights": .bool(true),
            "modules_to_save": .null, "rank_pattern": patterns.ranks, "alpha_pattern": patterns.alphas,
        ]
    }

    /// The section of a `LoraConfig`.
    ///
    /// - Throws: ``AdapterError/unsupported(path:key:found:supported:)`` for an option that would change the result and is not implemented.
    static func loraSection(
        _ file: JSONDocument, method: AdapterMethod
    ) throws -> AdapterSection {
        try refuseUnsupportedLoRA(file)
        var section = method.defaultSection
        section.rank = try file.require("r").adapterRank()
        section.alpha = try file.require("lora_alpha").adapterAlpha()
        section.dropout = try file["lora_dropout"]?.adapterDropout() ?? 0
        section.patterns = try LayerPatterns(file)
        section.set("rs-lora", .boolean(try file["use_rslora"]?.bool() ?? false))
        return section
    }

    static func refuseUnsupportedLoRA(_ json: JSONDocument) throws {
        for key in ["lora_bias", "use_qalora"] where try json[key]?.bool() == true {
            throw AdapterError.unsupported(path: json.path, key: key, found: "true", supported: "false")
        }
        try refuse(
            ["layer_replication", "target_parameters", "trainable_token_indices", "alora_invocation_tokens"], in: json)
        // PISSA and its relatives change the base weights when PEFT loads the adapter.
        let plainInitialisations = ["gaussian", "orthogonal", "eva"]
        if let initialisation = json["init_lora_weights"]?.value.stringValue,
            !plainInitialisations.contains(initialisation)
        {
            throw AdapterError.unsupported(
                path: json.path, key: "init_lora_weights", found: initialisation,
                supported: "true, false, \(plainInitialisations.joined(separator: ", "))")
        }
    }

    /// Refuses files that give any of `keys` another value than null or an empty list, object or text.
    static func refuse(_ keys: [String], in json: JSONDocument) throws(AdapterError) {
        for key in keys {
            guard let value = json[key]?.value, value != .array([]), value != .object([:]), value != "" else {
                continue
            }
            throw .unsupported(path: json.path, key: key, found: value.summary, supported: "null or nothing in it")
        }
    }
}
