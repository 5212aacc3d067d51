import Foundation

/// Reads and writes adapters as PEFT folders.
public enum AdapterFiles {
    /// The bytes of `adapter_model.safetensors` for the current values of `parameters`.
    ///
    /// The same values give the same bytes.
    public static func weights(_ parameters: [Parameter]) throws -> [UInt8] {
        var writer = SafetensorsWriter()
        for parameter in parameters {
            writer.append(parameter.name, shape: parameter.shape, .tensor(parameter.value))
        }
        return try writer.data()
    }

    /// The bytes of `adapter_model.safetensors` for a plain LoRA: A and B of each layer under the layer's path.
    public static func weights(_ layers: [(path: String, update: LowRankUpdate)]) throws -> [UInt8] {
        var writer = SafetensorsWriter()
        for (path, update) in layers {
            for (name, tensor) in [("lora_A", update.a), ("lora_B", update.b)] {
                writer.append(
                    "\(PEFT.prefix)\(path).\(name).weight", shape: [tensor.rows, tensor.columns],
                    .float32(tensor.elements()))
            }
        }
        return try writer.data()
    }

    /// The configuration that describes the adapters of `model`.
    public static func configuration(
        of model: LanguageModel, section: RunConfiguration.AdapterSection, baseModel: String
    ) -> PEFTConfiguration {
        let adapted = model.adaptedLinears
        var modules: [String] = []
        for linear in adapted where !modules.contains(linear.moduleName) { modules.append(linear.moduleName) }
        let sameByName = model.linears.filter { modules.contains($0.moduleName) }
        let paths = sameByName.count == adapted.count ? modules : adapted.map(\.path)
        var configuration = PEFTConfiguration(section: section, modules: paths.sorted(), baseModel: baseModel)
        configuration.storesTransposed = model.storesTransposed
        return configuration
    }

    /// Writes both files into `folder`, the weights first, each durably.
    public static func write(
        _ parameters: [Parameter], configuration: PEFTConfiguration, to folder: String
    ) throws {
        try write(weights: try weights(parameters), configuration: configuration, to: folder)
    }

    /// The same for weights that are bytes already.
    public static func write(weights: [UInt8], configuration: PEFTConfiguration, to folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError.unwritable(path: folder, reason: error.localizedDescription)
        }
        try DurableFile.write(weights, to: folder + "/" + PEFT.weightsFile)
        try configuration.json.write(to: folder + "/" + PEFT.configurationFile)
    }

    /// Overwrites the values of `parameters` with those in `folder`.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless the folder has exactly these tensors in
    ///   these shapes.
    public static func read(into parameters: [Parameter], from folder: String) throws {
        let path = folder + "/" + PEFT.weightsFile
        let file = try SafetensorsFile(path: path)
        let expected = Set(parameters.map(\.name))
        if let extra = file.tensors.keys.sorted().first(where: { !expected.contains($0) }) {
            throw AdapterError.mismatch(
                path: path, reason: "tensor \(extra) belongs to no adapted layer of this model")
        }
        for parameter in parameters {
            guard let stored = file.tensors[parameter.name] else {
                throw AdapterError.mismatch(path: path, reason: "tensor \(parameter.name) is missing")
            }
            guard stored.shape == parameter.shape else {
                throw AdapterError.mismatch(
                    path: path,
                    reason: "tensor \(parameter.name) has shape \(stored.shape), expected \(parameter.shape)")
            }
            parameter.value.copy(from: try stored.floats())
        }
    }
}

extension LanguageModel {
    /// Whether the files of the model hold the transposes of its matrices.
    public var storesTransposed: Bool { configuration.layerNormStyle?.storesTransposed ?? false }

    /// Attaches the PEFT adapter in `folder`, as it is, for inference or further training.
    ///
    /// - Throws: ``AdapterError`` or ``FileError``; the model then has the adapters that it had before.
    @discardableResult
    public func loadAdapter(_ folder: String) throws -> ParameterSet {
        let configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: storesTransposed)
        let layers = linears
        let earlier = layers.map(\.adapter)
        do {
            let parameters = ParameterSet(
                try attachAdapters(configuration.section, seed: 0), memory: engine.memory)
            try AdapterFiles.read(into: parameters.parameters, from: folder)
            return parameters
        } catch {
            for (layer, adapter) in zip(layers, earlier) { layer.adapter = adapter }
            throw error
        }
    }
}
