package import CatenaFiles
import CatenaModels
import CatenaSchema

/// `adapter_config.json`: which method, with which options, for which layers of which model.
///
/// - Source: peft `config.py` and the configuration of each tuner.
package struct PEFTConfiguration: Sendable, Equatable {
    /// `peft_type`.
    package let type: String
    /// Method, options and `target_modules` as a run's section has them.
    package var section: AdapterSection
    /// `fan_in_fan_out`: the base's files hold Wᵀ (GPT-2). It changes how PEFT merges, not what the tensors are.
    package var storesTransposed = false
    /// `task_type`; nil if it is not said.
    package var taskType: String?
    /// The labels of the classifier in the tensors, which the file does not name.
    var labels: [String]?
    /// `base_model_name_or_path`.
    package var baseModel: String?
    /// The members that only this type has.
    var members: JSONObject = [:]

    /// The configuration of a form.
    init(
        _ form: PEFTForm, section: AdapterSection, adapter: AttachedAdapter?, model: LanguageModel,
        baseModel: String
    ) {
        type = form.type
        self.section = section
        self.section.allowsExcessRank = true
        self.section.savedModules = (model.attached?.savedModules ?? []).map(\.name).sorted()
        taskType = model.head.demand == .segments ? "SEQ_CLS" : "CAUSAL_LM"
        labels = model.configuration.sequenceHead?.labels
        storesTransposed = model.storesTransposed
        self.baseModel = baseModel
        members = form.members(self, adapter)
    }

    /// Reads `adapter_config.json` in `folder`.
    ///
    /// - Parameter acceptsTransposed: whether the base may be one whose files hold Wᵀ.
    /// - Throws: ``AdapterError/unsupported(path:key:found:supported:)`` for a kind of adapter or an option
    ///   that would change the result and is not implemented.
    package init(folder: String, acceptsTransposed: Bool = false) throws {
        let path = folder + "/" + PEFT.configurationFile
        let json = try JSONDocument.read(path: path)
        type = try json.require("peft_type").string()
        var (form, section): (PEFTForm?, AdapterSection?) = (nil, nil)
        for candidate in PEFTForm.all where candidate.type == type && section == nil {
            section = try candidate.section(json)
            form = candidate
        }
        guard let form, var section else {
            var types: [String] = []
            for candidate in PEFTForm.all where !types.contains(candidate.type) { types.append(candidate.type) }
            throw AdapterError.unsupported(
                path: path, key: "peft_type", found: type, supported: types.joined(separator: ", "))
        }
        try Self.refuseTables(json)
        section.savedModules = try json["modules_to_save"].map { try $0.value.isNull ? [] : $0.strings() } ?? []
        taskType = try json.optionalString("task_type")
        try PEFTForm.refuse(["layers_to_transform", "exclude_modules"], in: json)
        if let bias = try json["bias"]?.string(), bias != "none" {
            throw AdapterError.unsupported(path: path, key: "bias", found: bias, supported: "none")
        }
        storesTransposed = try json["fan_in_fan_out"]?.bool() ?? false
        if storesTransposed, !acceptsTransposed {
            throw AdapterError.unsupported(path: path, key: "fan_in_fan_out", found: "true", supported: "false")
        }
        baseModel = try json["base_model_name_or_path"]?.string()
        if let modules = json["target_modules"] {
            if let text = modules.value.stringValue {
                section.targets = text == "all-linear" ? .allLinear : .pattern(try modules.regularExpression())
            } else {
                section.targets = .names(try modules.strings().sorted())
            }
        }
        section.allowsExcessRank = true
        self.section = section
        for (key, value) in form.members(self, nil) { members[key] = json[key]?.value ?? value }
    }

    /// Refuses adapters that change the tables of tokens.
    private static func refuseTables(_ json: JSONDocument) throws {
        let tables: Set<Substring> = ["embed_tokens", "lm_head", "embed_positions", "wte", "wpe"]
        for (key, refused) in [("modules_to_save", tables), ("target_modules", tables.union(["score"]))] {
            let names = json[key]?.value.arrayValue?.compactMap(\.stringValue) ?? []
            let found = names.filter { refused.contains($0.split(separator: ".").last ?? "") }
            if !found.isEmpty { throw wholeModules(key, found, path: json.path) }
        }
    }

    /// Refuses whole modules beside the blocks that `model` does not train whole.
    ///
    /// - Parameter path: the file that names them.
    func requireSavedModules(of model: LanguageModel, path: String) throws(AdapterError) {
        for name in section.savedModules {
            do throws(AdapterError) {
                _ = try model.savedModules([name])
            } catch {
                throw Self.wholeModules("modules_to_save", [name], path: path)
            }
        }
    }

    private static func wholeModules(_ key: String, _ names: [String], path: String) -> AdapterError {
        .unsupported(
            path: path, key: key, found: names.joined(separator: ", "),
            supported:
                "linear layers inside the blocks, and modules of a classification head where the model has one; merge "
                + "this adapter into its base with PEFT (merge_and_unload) and use the merged model")
    }

    /// Checks that the tensors mean the same under a run's section, which decides what is computed with them.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)``.
    package func requireSameMeaning(as section: AdapterSection, folder: String) throws(AdapterError) {
        try Self.requireSameMeaning(self.section, as: section, path: folder + "/" + PEFT.configurationFile)
    }

    /// The same for the section `made` that the file at `path` has.
    static func requireSameMeaning(
        _ made: AdapterSection, as section: AdapterSection, path: String
    ) throws(AdapterError) {
        guard made.method == section.method else {
            throw .mismatch(
                path: path, reason: "the adapter's method is \(made.method), the configuration's \(section.method)")
        }
        func text(_ section: AdapterSection) -> String {
            let options = section.options.filter { !Self.trainingOptions.contains($0.key) }
            let patterns = section.patterns.isEmpty ? [] : ["ranks or alphas of single layers"]
            let keys =
                AdapterMethod.all.first { $0.name == section.method }?.commonKeys
                ?? Set(AdapterMethod.CommonKey.allCases)
            let rank = keys.contains(.rank) ? ["rank \(section.rank)"] : []
            let alpha = keys.contains(.alpha) ? ["alpha \(section.alpha)"] : []
            return
                (rank + alpha + patterns
                + options.map { "\($0.key) \($0.value.inlineYAML)" })
                .joined(separator: ", ")
        }
        guard text(made) == text(section) else {
            throw .mismatch(path: path, reason: "the adapter has \(text(made)), the configuration \(text(section))")
        }
    }

    /// Options that say how an adapter is trained and not what it computes, which files do not hold, and those that the
    /// names and shapes of the tensors say as well.
    private static let trainingOptions: Set<String> = [
        "lora-plus-ratio", "d-initial", "target-rank", "tinit", "tfinal", "delta-t", "beta1", "beta2",
        "orthogonal-weight", "score", "feed-forward", "norms",
    ]

    /// The text of `adapter_config.json`.
    package var json: JSONValue {
        var result: JSONObject = [
            "peft_type": .string(type), "task_type": taskType.map { .string($0) } ?? .null,
            "inference_mode": .bool(true),
            "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
        ]
        if PEFTForm.all.first(where: { $0.type == type })?.takesBias ?? true { result["bias"] = .string("none") }
        if AdapterMethod.all.first(where: { $0.name == section.method })?.commonKeys.contains(.targets) ?? true {
            result["target_modules"] =
                switch section.targets {
                case .allLinear: .string("all-linear")
                case .names(let names): .array(names.map { .string($0) })
                case .pattern(let pattern): .string(pattern)
                }
        }
        result = result.merging(members)
        if !section.savedModules.isEmpty {
            result["modules_to_save"] = .array(section.savedModules.map { .string($0) })
        }
        return .object(result)
    }
}
