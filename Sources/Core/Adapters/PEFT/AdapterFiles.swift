import Foundation

/// Reads and writes adapters as PEFT folders.
public enum AdapterFiles {
    /// An adapter as other programs read it: `adapter_model.safetensors` and `adapter_config.json`.
    public struct Content {
        /// The tensors, whose values are read when they are written.
        public let writer: SafetensorsWriter
        /// What the tensors mean.
        public let configuration: PEFTConfiguration

        init(_ tensors: [AdapterTensor], _ configuration: PEFTConfiguration) {
            var writer = SafetensorsWriter()
            for tensor in tensors { writer.append(tensor.name, shape: tensor.shape, .tensor(tensor.value)) }
            self.writer = writer
            self.configuration = configuration
        }

        /// Writes both files into `folder`, the weights first, each durably.
        public func write(to folder: String) throws {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw FileError.unwritable(path: folder, reason: error.localizedDescription)
            }
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
        if !adapter.linearAdapters.isEmpty { section.targets = targets(of: model) }
        return Content(
            try form.tensors(adapter),
            PEFTConfiguration(
                form, section: section, adapter: adapter, storesTransposed: model.storesTransposed,
                baseModel: baseModel))
    }

    /// The adapters of `model` as plain LoRA.
    ///
    ///     ΔW = s B A is kept exactly: r = rows of A, alpha = s r
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if a layer's adapter is no low-rank update, or
    ///   layers differ in rank or scaling.
    public static func loraContent(of model: LanguageModel, baseModel: String) throws -> Content {
        let layers = try AdapterExport.folded(model, format: "lora")
        let (rank, scaling) = (layers[0].lora.a.rows, layers[0].lora.scaling)
        if let other = layers.first(where: { $0.lora.a.rows != rank || $0.lora.scaling != scaling }) {
            throw AdapterError.notRepresentable(
                format: "lora",
                reason: "\(other.linear.path) has another rank or scaling than \(layers[0].linear.path)")
        }
        return try loraContent(
            of: model, layers: layers.map { ($0.linear.path, $0.lora.a, $0.lora.b) }, scaling: scaling,
            dropout: model.attached?.section.dropout ?? 0, baseModel: baseModel)
    }

    /// The links of a chain as one plain LoRA of scaling 1.
    public static func loraContent(
        of model: LanguageModel, chain layers: [(path: String, update: LowRankUpdate)], baseModel: String
    ) throws -> Content {
        try loraContent(
            of: model, layers: layers.map { ($0.path, $0.update.a, $0.update.b) }, scaling: 1,
            dropout: model.attached?.section.dropout ?? 0, baseModel: baseModel)
    }

    private static func loraContent(
        of model: LanguageModel, layers: [(path: String, a: Tensor, b: Tensor)], scaling: Double, dropout: Double,
        baseModel: String
    ) throws -> Content {
        var section = AdapterMethod.lora.defaultSection
        section.rank = layers[0].a.rows
        section.alpha = scaling * Double(section.rank)
        section.dropout = dropout
        section.targets = targets(of: model)
        let tensors = layers.flatMap { path, a, b in
            [("lora_A", a), ("lora_B", b)].map { name, value in
                AdapterTensor(
                    name: "\(PEFT.prefix)\(path).\(name).weight", shape: [value.rows, value.columns], value: value)
            }
        }
        return Content(
            tensors,
            PEFTConfiguration(
                .lora, section: section, adapter: nil, storesTransposed: model.storesTransposed, baseModel: baseModel))
    }

    /// The modules' names where all layers of a name are adapted, else the layers' paths.
    private static func targets(of model: LanguageModel) -> RunConfiguration.AdapterSection.Targets {
        let adapted = model.adaptedLinears
        var modules: [String] = []
        for linear in adapted where !modules.contains(linear.moduleName) { modules.append(linear.moduleName) }
        let sameByName = model.linears.filter { modules.contains($0.moduleName) }
        return .names((sameByName.count == adapted.count ? modules : adapted.map(\.path)).sorted())
    }

    /// The bytes of a file with the current values of `parameters`.
    public static func weights(
        _ parameters: [Parameter], reusing memory: consuming [UInt8] = []
    ) throws -> [UInt8] {
        var writer = SafetensorsWriter()
        for parameter in parameters {
            writer.append(parameter.name, shape: parameter.shape, .tensor(parameter.value))
        }
        return try writer.data(reusing: memory)
    }

    /// Overwrites the values of `parameters`.
    static func read(into parameters: [Parameter], from file: SafetensorsFile) throws {
        try read(into: parameters.map(AdapterTensor.init), from: file)
    }

    /// Overwrites `tensors` with those of a file.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless the file has exactly these tensors in these shapes.
    static func read(into tensors: [AdapterTensor], from file: SafetensorsFile) throws {
        let expected = Set(tensors.map(\.name))
        if let extra = file.tensors.keys.sorted().first(where: { !expected.contains($0) }) {
            throw AdapterError.mismatch(
                path: file.path, reason: "tensor \(extra) belongs to no adapted layer of this model")
        }
        for tensor in tensors { try read(into: tensor, from: file) }
    }

    /// Overwrites one tensor with that of the same name, or of `name`, in a file.
    static func read(into tensor: AdapterTensor, named name: String? = nil, from file: SafetensorsFile) throws {
        let name = name ?? tensor.name
        guard let stored = file.tensors[name] else {
            throw AdapterError.mismatch(path: file.path, reason: "tensor \(name) is missing")
        }
        guard stored.shape == tensor.shape else {
            throw AdapterError.mismatch(
                path: file.path,
                reason: "tensor \(name) has shape \(stored.shape), expected \(tensor.shape)")
        }
        tensor.value.copy(from: try stored.floats())
    }
}
