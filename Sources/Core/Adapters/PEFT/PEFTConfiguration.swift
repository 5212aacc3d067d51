/// The part of a LoRA `adapter_config.json` that decides what the adapter computes.
///
/// - Source: peft `tuners/lora/config.py`, `LoraConfig`.
public struct PEFTConfiguration: Sendable, Equatable {
    /// `r`.
    public var rank: Int
    /// `lora_alpha`.
    public var alpha: Double
    /// `lora_dropout`.
    public var dropout: Double = 0
    /// `use_rslora`.
    public var rankStabilised = false
    /// `fan_in_fan_out`: the base's files hold Wᵀ (GPT-2). It changes how PEFT merges, not what A and B are.
    public var storesTransposed = false
    /// `target_modules`.
    public var targets: RunConfiguration.AdapterSection.Targets
    /// `base_model_name_or_path`.
    public var baseModel: String?

    /// A configuration with the values that a run's section gives.
    public init(section: RunConfiguration.AdapterSection, modules: [String], baseModel: String) {
        rank = section.rank
        alpha = section.alpha
        dropout = section.dropout
        rankStabilised = section.option("rs-lora")?.boolean ?? false
        targets = .names(modules)
        self.baseModel = baseModel
    }

    /// Reads `adapter_config.json` in `folder`.
    ///
    /// - Parameter acceptsTransposed: whether the base may be one whose files hold Wᵀ.
    /// - Throws: ``AdapterError/unsupported(path:key:found:supported:)`` for a kind of adapter or an option
    ///   that would change the result and is not implemented.
    public init(folder: String, acceptsTransposed: Bool = false) throws {
        let path = folder + "/" + PEFT.configurationFile
        let json = try JSONDocument.read(path: path)
        let type = try json.require("peft_type").string()
        guard type == "LORA" else {
            throw AdapterError.unsupported(path: path, key: "peft_type", found: type, supported: "LORA")
        }
        try Self.refuseUnsupported(json, path: path)
        storesTransposed = try json["fan_in_fan_out"]?.bool() ?? false
        if storesTransposed, !acceptsTransposed {
            throw AdapterError.unsupported(path: path, key: "fan_in_fan_out", found: "true", supported: "false")
        }
        rank = try json.require("r").int()
        alpha = try json.require("lora_alpha").double()
        dropout = try json["lora_dropout"]?.double() ?? 0
        rankStabilised = try json["use_rslora"]?.bool() ?? false
        baseModel = try json["base_model_name_or_path"]?.string()
        let modules = try json.require("target_modules")
        if let text = modules.value.stringValue {
            targets = text == "all-linear" ? .allLinear : .pattern(text)
        } else {
            targets = .names(try modules.strings().sorted())
        }
    }

    /// Checks that the tensors mean the same under a run's section, which decides the scaling.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)``.
    public func requireSameScaling(as section: RunConfiguration.AdapterSection, folder: String) throws(AdapterError) {
        let stabilised = section.option("rs-lora")?.boolean ?? false
        guard rank == section.rank, alpha == section.alpha, rankStabilised == stabilised else {
            throw .mismatch(
                path: folder + "/" + PEFT.configurationFile,
                reason:
                    "the adapter has rank \(rank), alpha \(alpha), rs-lora \(rankStabilised), the configuration rank "
                    + "\(section.rank), alpha \(section.alpha), rs-lora \(stabilised)")
        }
    }

    private static func refuseUnsupported(_ json: JSONDocument, path: String) throws {
        for key in ["use_dora", "lora_bias", "use_qalora"] where try json[key]?.bool() == true {
            throw AdapterError.unsupported(path: path, key: key, found: "true", supported: "false")
        }
        for key in ["rank_pattern", "alpha_pattern"] {
            if let pattern = json[key], try !pattern.members().isEmpty {
                throw AdapterError.unsupported(
                    path: path, key: key, found: "not empty", supported: "one rank and alpha for all layers")
            }
        }
        for key in [
            "modules_to_save", "layer_replication", "target_parameters", "trainable_token_indices",
            "layers_to_transform", "exclude_modules", "alora_invocation_tokens",
        ] {
            if let value = json[key] {
                throw AdapterError.unsupported(
                    path: path, key: key, found: "set (\(value.keyPath))", supported: "null")
            }
        }
        // PISSA and its relatives change the base weights when PEFT loads the adapter.
        let plainInitialisations = ["gaussian", "orthogonal", "eva"]
        if let initialisation = json["init_lora_weights"]?.value.stringValue,
            !plainInitialisations.contains(initialisation)
        {
            throw AdapterError.unsupported(
                path: path, key: "init_lora_weights", found: initialisation,
                supported: "true, false, \(plainInitialisations.joined(separator: ", "))")
        }
        if let bias = try json["bias"]?.string(), bias != "none" {
            throw AdapterError.unsupported(path: path, key: "bias", found: bias, supported: "none")
        }
    }

    /// The text of `adapter_config.json`.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "peft_type": .string("LORA"), "task_type": .string("CAUSAL_LM"), "bias": .string("none"),
            "r": .integer(Int64(rank)), "lora_alpha": .double(alpha), "lora_dropout": .double(dropout),
            "use_rslora": .bool(rankStabilised), "use_dora": .bool(false), "fan_in_fan_out": .bool(storesTransposed),
            "inference_mode": .bool(true), "init_lora_weights": .bool(true), "modules_to_save": .null,
            "rank_pattern": .object([:]), "alpha_pattern": .object([:]),
            "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
        ]
        if alpha == alpha.rounded() { members["lora_alpha"] = .integer(Int64(alpha)) }
        switch targets {
        case .allLinear: members["target_modules"] = .string("all-linear")
        case .names(let names): members["target_modules"] = .array(names.map { .string($0) })
        case .pattern(let pattern): members["target_modules"] = .string(pattern)
        }
        return .object(members)
    }

    /// The same as a run's adapter section.
    var section: RunConfiguration.AdapterSection {
        var section = RunConfiguration.AdapterSection()
        section.method = AdapterMethod.lora.name
        section.rank = rank
        section.alpha = alpha
        section.dropout = dropout
        section.targets = targets
        section.allowsExcessRank = true
        section.options = AdapterOption.lora.map {
            .init($0.name, $0.name == "rs-lora" ? .boolean(rankStabilised) : $0.defaultValue)
        }
        return section
    }
}
