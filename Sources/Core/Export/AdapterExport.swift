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

    /// Writes the adapters of `model` as plain LoRA.
    ///
    ///     ΔW = s B A is kept exactly: r = rows of A, alpha = s r
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if a layer's adapter is no low-rank update, or
    ///   layers differ in rank or scaling.
    public static func lora(model: LanguageModel, baseModel: String, to output: String) throws {
        let layers = try folded(model, format: "lora")
        var writer = SafetensorsWriter()
        var section = RunConfiguration.AdapterSection()
        for (index, layer) in layers.enumerated() {
            let (rank, alpha) = (layer.lora.a.rows, layer.lora.scaling * Double(layer.lora.a.rows))
            if index == 0 { (section.rank, section.alpha) = (rank, alpha) }
            guard section.rank == rank, section.alpha == alpha else {
                throw AdapterError.notRepresentable(
                    format: "lora",
                    reason: "\(layer.linear.path) has another rank or scaling than \(layers[0].linear.path)")
            }
            let name = PEFT.prefix + layer.linear.path
            writer.append(
                name + ".lora_A.weight", shape: [rank, layer.linear.inFeatures], .float32(layer.lora.a.elements()))
            writer.append(
                name + ".lora_B.weight", shape: [layer.linear.outFeatures, rank], .float32(layer.lora.b.elements()))
        }
        let configuration = AdapterFiles.configuration(of: model, section: section, baseModel: baseModel)
        let staged = try StagedFolder(path: output)
        try writer.write(to: staged.stagingPath + "/" + PEFT.weightsFile)
        try configuration.json.write(to: staged.stagingPath + "/" + PEFT.configurationFile)
        try staged.commit()
    }

    /// The adapted layers of `model` with their exact LoRA forms.
    static func folded(_ model: LanguageModel, format: String) throws -> [(linear: Linear, lora: FoldedLoRA)] {
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
