import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema

extension PEFTForm {
    /// AdaLoRA: only the ranks in use, and in `rank_pattern` for each layer which of the initial ones they are.
    ///
    ///     PATH.lora_A [r, in], .lora_E [r, 1], .lora_B [out, r]      "rank_pattern": { "PATH.lora_E": [true, false, …] }
    ///
    /// A layer may have no rank left. Ranks that a file leaves out get E = 0 and new A and B.
    ///
    /// - Source: peft `tuners/adalora/config.py`; `tuners/adalora/model.py`, `resize_state_dict_by_rank_pattern`.
    static let adalora: PEFTForm = PEFTForm(
        type: "ADALORA", members: adaloraMembers, section: { try adaloraSection($0) },
        tensors: { adapter in
            adaloraAdapters(adapter).flatMap { layer, adapter in
                let (a, e, b) = adapter.kept
                return tensors(PEFT.prefix + layer.path, a: a, e: e, b: b)
            }
        },
        expected: { adapter, configuration in
            configuration.members["rank_pattern"]?.objectValue == nil
                ? adapter.methodParameters.map(AdapterTensor.init) : nil
        }, load: loadAdaLoRA)

    private static func adaloraAdapters(_ adapter: AttachedAdapter) -> [(layer: Linear, adapter: AdaLoRA)] {
        adapter.linearAdapters.compactMap { layer, adapter in (adapter as? AdaLoRA).map { (layer, $0) } }
    }

    private static func tensors(_ name: String, a: Tensor, e: Tensor, b: Tensor) -> [AdapterTensor] {
        [("lora_A", a), ("lora_E", e), ("lora_B", b)].map { suffix, value in
            AdapterTensor(name: "\(name).\(suffix)", shape: [value.rows, value.columns], value: value)
        }
    }

    private static func adaloraMembers(
        _ configuration: PEFTConfiguration, _ adapter: AttachedAdapter?
    ) -> JSONObject {
        let section = configuration.section
        func number(_ option: String) -> JSONValue { .number(section.option(option)?.number ?? 0) }
        let rule = adapter?.rule as? AdaLoRABudget
        let steps = rule?.notedSteps ?? (initial: 0, final: 0, total: 1)
        let target = (try? AdaLoRASchedule.targetRank(section)) ?? section.rank
        let layers = adapter.map(adaloraAdapters) ?? []
        let pattern = layers.map { layer, adapter in
            (layer.path + ".lora_E", JSONValue.array(adapter.isKept.map { .bool($0) }))
        }
        return [
            "init_r": .integer(section.rank), "target_r": .integer(target),
            "lora_alpha": .shortest(section.alpha), "lora_dropout": .number(section.dropout),
            "tinit": .integer(steps.initial), "tfinal": .integer(steps.final),
            "total_step": .integer(steps.total),
            "deltaT": .integer(section.option("delta-t")?.integer ?? 1), "beta1": number("beta1"),
            "beta2": number("beta2"), "orth_reg_weight": number("orthogonal-weight"),
            "rank_pattern": pattern.isEmpty ? .null : .object(JSONObject(pattern)),
            "fan_in_fan_out": .bool(configuration.storesTransposed), "init_lora_weights": .bool(true),
            "modules_to_save": .null,
        ]
    }

    private static func adaloraSection(_ file: JSONDocument) throws -> AdapterSection {
        try refuseUnsupportedLoRA(file)
        var section = AdapterMethod.adalora.defaultSection
        section.rank = try file.require("init_r").adapterRank()
        try requireFlags(file, rank: section.rank)
        let alpha = try file["lora_alpha"]?.adapterAlpha() ?? 8
        section.alpha = alpha > 0 ? alpha : Double(section.rank)
        section.dropout = try file["lora_dropout"]?.adapterDropout() ?? 0
        for (option, key) in [("tinit", "tinit"), ("tfinal", "tfinal"), ("delta-t", "deltaT")] {
            if let value = try file[key]?.adapterInteger(0...WholeNumberLimit.count) {
                section.set(option, .integer(value))
            }
        }
        for (option, key) in [("beta1", "beta1"), ("beta2", "beta2"), ("orthogonal-weight", "orth_reg_weight")] {
            if let value = try file[key]?.adapterAlpha() { section.set(option, .number(value)) }
        }
        // PEFT's defaults have a target above a small initial rank, which then has no effect.
        let target = try file["target_r"]?.int() ?? section.rank
        section.set("target-rank", .integer(min(max(target, 1), section.rank)))
        return section
    }

    /// Checks that `rank_pattern`, if there is one, says for each layer which of `rank` ranks are in use.
    private static func requireFlags(_ file: JSONDocument, rank: Int) throws {
        guard let pattern = file["rank_pattern"] else { return }
        for (_, flags) in try pattern.fields() {
            guard flags.value.arrayValue?.count == rank else {
                throw flags.wrong("a list of \(rank) flags, as init_r says")
            }
            for flag in try flags.elements() { _ = try flag.bool() }
        }
    }

    private static func loadAdaLoRA(
        _ attached: AttachedAdapter, _ file: AdapterTensorFile, _ configuration: PEFTConfiguration
    ) throws {
        let folder = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let path = folder + "/" + PEFT.configurationFile
        let pattern = configuration.members["rank_pattern"]?.objectValue
        let layers = try adaloraAdapters(attached).map { layer, adapter in
            let rank = adapter.e.count
            let key = layer.path + ".lora_E"
            let flags = pattern.map { $0[key]?.arrayValue?.compactMap(\.boolValue) ?? [] }
            let isKept = flags ?? Array(repeating: true, count: rank)
            guard isKept.count == rank else {
                throw AdapterError.mismatch(path: path, reason: "rank_pattern has no list of \(rank) flags for \(key)")
            }
            let count = isKept.count { $0 }
            let memory = TensorMemory()
            let read = tensors(
                PEFT.prefix + layer.path, a: memory.tensor(rows: count, columns: layer.inFeatures),
                e: memory.tensor(rows: count, columns: 1), b: memory.tensor(rows: layer.outFeatures, columns: count))
            return (adapter: adapter, isKept: isKept, read: read)
        }
        try AdapterFiles.read(into: layers.flatMap(\.read), from: file)
        for (adapter, isKept, read) in layers {
            adapter.setKept(isKept, a: read[0].value, e: read[1].value, b: read[2].value)
        }
        (attached.rule as? AdaLoRABudget)?.totalStepsOfFile = configuration.members["total_step"]?.intValue
    }
}
