package import CatenaEngine
package import CatenaFiles
public import CatenaModels
import Foundation

/// Reads and writes adapters as PEFT folders.
public enum AdapterFiles {
    /// An adapter as other programs read it: `adapter_model.safetensors` and `adapter_config.json`.
    public struct Content {
        /// The tensors, whose values are read when they are written.
        package let writer: SafetensorsWriter
        /// What the tensors mean.
        package let configuration: PEFTConfiguration

        init(_ tensors: [AdapterTensor], _ configuration: PEFTConfiguration) {
            var writer = SafetensorsWriter()
            for tensor in tensors { writer.append(tensor.name, shape: tensor.shape, .tensor(tensor.value)) }
            self.writer = writer
            self.configuration = configuration
        }

        /// Writes both files into `folder`, the weights first, each durably.
        public func write(to folder: String) throws {
            try DurableFolder.create(folder)
            try writer.write(to: folder + "/" + PEFT.weightsFile)
            try configuration.json.write(to: folder + "/" + PEFT.configurationFile)
        }
    }

    /// The present adapters of `model`: in PEFT's form of their method, else as plain LoRA if they are exactly that, else in
    /// Catena's own form.
    public static func content(of model: LanguageModel, baseModel: String) throws -> Content {
        guard let adapter = model.attached else {
            throw AdapterError.notRepresentable(format: "peft", reason: "the model has no adapter")
        }
        if let form = adapter.method?.peft { return try content(adapter, form, of: model, baseModel: baseModel) }
        if adapter.isLoRA(engine: model.engine) { return try loraContent(of: model, baseModel: baseModel) }
        return try content(adapter, .own, of: model, baseModel: baseModel)
    }

    private static func content(
        _ adapter: AttachedAdapter, _ form: PEFTForm, of model: LanguageModel, baseModel: String
    ) throws -> Content {
        var section = adapter.section
        if !adapter.linearAdapters.isEmpty { section.targets = targets(of: model, model.adaptedLinears) }
        return Content(
            try form.tensors(adapter) + adapter.savedTensors,
            PEFTConfiguration(form, section: section, adapter: adapter, model: model, baseModel: baseModel))
    }

    /// The adapters of `model` as plain LoRA.
    ///
    ///     ΔW = s B A is kept exactly: r = rows of A, alpha = s r
    ///
    /// Layers whose rank or alpha is not the first one's stand in `rank_pattern` and `alpha_pattern`; those without a rank
    /// are left out.
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if a layer's adapter is no low-rank update.
    package static func loraContent(of model: LanguageModel, baseModel: String) throws -> Content {
        try loraContent(of: model, layers: try AdapterExport.folded(model, format: "lora"), baseModel: baseModel)
    }

    /// The links of a chain as one plain LoRA of scaling 1.
    package static func loraContent(
        of model: LanguageModel, chain layers: [(path: String, update: LowRankUpdate)], baseModel: String
    ) throws -> Content {
        let updates = Dictionary(uniqueKeysWithValues: layers.map { ($0.path, $0.update) })
        let folded = model.linears.compactMap { linear in
            updates[linear.path].map { (linear, FoldedLoRA(a: $0.a, b: $0.b, scaling: 1)) }
        }
        return try loraContent(of: model, layers: folded, baseModel: baseModel)
    }

    private static func loraContent(
        of model: LanguageModel, layers: [(linear: Linear, lora: FoldedLoRA)], baseModel: String
    ) throws -> Content {
        var section = AdapterMethod.lora.defaultSection
        let first = layers[0].lora
        (section.rank, section.alpha) = (first.a.rows, first.alpha)
        for (linear, lora) in layers {
            if lora.a.rows != section.rank { section.patterns.ranks.set(linear.path, lora.a.rows) }
            if lora.alpha != section.alpha { section.patterns.alphas.set(linear.path, lora.alpha) }
        }
        section.dropout = model.attached?.section.dropout ?? 0
        section.targets = targets(of: model, layers.map(\.linear))
        let tensors = layers.flatMap { linear, lora in
            [("lora_A", lora.a), ("lora_B", lora.b)].map { name, value in
                AdapterTensor(
                    name: "\(PEFT.prefix)\(linear.path).\(name).weight", shape: [value.rows, value.columns],
                    value: value)
            }
        }
        return Content(
            tensors + (model.attached?.savedTensors ?? []),
            PEFTConfiguration(.lora, section: section, adapter: nil, model: model, baseModel: baseModel))
    }

    /// The modules' names where all layers of a name are adapted, else the layers' paths.
    private static func targets(
        of model: LanguageModel, _ adapted: [Linear]
    ) -> AdapterSection.Targets {
        var modules: [String] = []
        for linear in adapted where !modules.contains(linear.moduleName) { modules.append(linear.moduleName) }
        let sameByName = model.linears.filter { modules.contains($0.moduleName) }
        return .names((sameByName.count == adapted.count ? modules : adapted.map(\.path)).sorted())
    }

    /// The bytes of a file with the current values of `parameters`.
    package static func weights(
        _ parameters: [Parameter], reusing memory: consuming [UInt8] = []
    ) throws -> [UInt8] {
        var writer = SafetensorsWriter()
        for parameter in parameters {
            writer.append(parameter.name, shape: parameter.shape, .tensor(parameter.value))
        }
        return try writer.data(reusing: memory)
    }

    /// Overwrites `tensors` with those of a file.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless the file has exactly these tensors in these shapes.
    static func read(into tensors: [AdapterTensor], from file: AdapterTensorFile) throws {
        try file.require(tensors)
        for tensor in tensors { try read(into: tensor, from: file) }
    }

    /// Overwrites one tensor with that of the same name, or of `name`, in a file.
    static func read(into tensor: AdapterTensor, named name: String? = nil, from file: AdapterTensorFile) throws {
        let stored = try file.require(tensor, named: name ?? tensor.name)
        tensor.value.copy(from: try stored.floats())
    }
}
