import Foundation

/// Writes adapters in other formats. Every function writes all of its files or none.
public enum AdapterExport {
    /// Rewrites the PEFT adapter in `folder` in Catena's own canonical form: float32, fixed order.
    public static func peft(adapter folder: String, to output: String) throws {
        let configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: true)
        let path = folder + "/" + PEFT.weightsFile
        let file = try SafetensorsFile(path: path)
        guard !file.tensors.isEmpty else { throw AdapterError.mismatch(path: path, reason: "there is no tensor in it") }
        var writer = SafetensorsWriter()
        for tensor in file.tensors.values.sorted(by: { $0.name < $1.name }) {
            writer.append(tensor.name, shape: tensor.shape, .float32(try tensor.floats()))
        }
        let staged = try StagedFolder(path: output)
        try writer.write(to: staged.stagingPath + "/" + PEFT.weightsFile)
        try configuration.json.write(to: staged.stagingPath + "/" + PEFT.configurationFile)
        try staged.commit()
    }

    /// Writes the adapters of `model` as plain LoRA: see ``AdapterFiles/loraContent(of:baseModel:)``.
    public static func lora(model: LanguageModel, baseModel: String, to output: String) throws {
        let content = try AdapterFiles.loraContent(of: model, baseModel: baseModel)
        let staged = try StagedFolder(path: output)
        try content.write(to: staged.stagingPath)
        try staged.commit()
    }

    /// The adapted layers of `model` with their exact LoRA forms.
    static func folded(_ model: LanguageModel, format: String) throws -> [(linear: Linear, lora: FoldedLoRA)] {
        if let attached = model.attached, !attached.sublayerAdapters.isEmpty || !attached.trainedVectors.isEmpty {
            throw AdapterError.notRepresentable(
                format: format, reason: "it changes more than the model's linear layers")
        }
        let adapted = model.adaptedLinears
        guard !adapted.isEmpty else {
            throw AdapterError.notRepresentable(format: format, reason: "no layer of the model has an adapter")
        }
        return try adapted.map { linear in
            guard let lora = linear.adapter?.folded(engine: model.engine) else {
                throw AdapterError.notRepresentable(
                    format: format, reason: "the change of \(linear.path) is no low-rank update; use --format merged")
            }
            return (linear, lora)
        }
    }
}
