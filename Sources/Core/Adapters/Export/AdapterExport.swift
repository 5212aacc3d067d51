import CatenaEngine
import CatenaFiles
package import CatenaModels
import Foundation

/// Writes adapters in other formats. Every function writes all of its files or none.
package enum AdapterExport {
    /// Rewrites the PEFT adapter in `folder` in Catena's own canonical form: float32, fixed order.
    package static func peft(adapter folder: String, origin: AdapterOrigin? = nil, to output: String) throws {
        let configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: true)
        let file = try AdapterTensorFile(folder: folder, type: configuration.type)
        guard !file.tensors.isEmpty else {
            throw AdapterError.mismatch(path: file.path, reason: "there is no tensor in it")
        }
        var writer = SafetensorsWriter()
        for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) {
            let values = try tensor.floats()
            guard values.allSatisfy(\.isFinite) else { throw FileError.notFinite(path: file.path, tensor: tensor.name) }
            writer.append(name, shape: tensor.shape, .float32(values))
        }
        let staged = try StagedFolder(path: output)
        try writer.write(to: staged.stagingPath + "/" + PEFT.weightsFile)
        try configuration.json.write(to: staged.stagingPath + "/" + PEFT.configurationFile)
        try origin?.write(to: staged.stagingPath, base: configuration.baseModel ?? "")
        try staged.commit()
    }

    /// Writes the adapters of `model` as plain LoRA: see ``AdapterFiles/loraContent(of:baseModel:)``.
    package static func lora(
        model: LanguageModel, baseModel: String, origin: AdapterOrigin? = nil, to output: String
    ) throws {
        let content = try AdapterFiles.loraContent(of: model, baseModel: baseModel)
        let staged = try StagedFolder(path: output)
        try content.write(to: staged.stagingPath)
        try origin?.write(to: staged.stagingPath, base: baseModel)
        try model.requireUnchangedFiles()
        try staged.commit()
    }

    /// The adapted layers of `model` that have a rank with their exact LoRA forms.
    static func folded(_ model: LanguageModel, format: String) throws -> [(linear: Linear, lora: FoldedLoRA)] {
        if let attached = model.attached, !attached.sublayerAdapters.isEmpty || !attached.trainedVectors.isEmpty {
            throw AdapterError.notRepresentable(
                format: format, reason: "it changes more than the model's linear layers")
        }
        let adapted = model.adaptedLinears
        guard !adapted.isEmpty else {
            throw AdapterError.notRepresentable(format: format, reason: "no layer of the model has an adapter")
        }
        let layers = try adapted.map { linear in
            guard let lora = linear.adapter?.foldedForFiles(engine: model.engine) else {
                throw AdapterError.notRepresentable(
                    format: format, reason: "the change of \(linear.path) is no low-rank update; use --format merged")
            }
            return (linear: linear, lora: lora)
        }.filter { $0.lora.a.rows > 0 }
        guard !layers.isEmpty else {
            throw AdapterError.notRepresentable(format: format, reason: "no layer has a rank left")
        }
        return layers
    }
}
