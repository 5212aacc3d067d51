import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaSchema
import Foundation

/// A tiny model folder and a trained adapter of it, on disk.
struct ExportCase {
    let folder = try? TinyFolder()
    let engine = Engine(threads: 1)

    var path: String { folder?.path ?? "" }
    var modelPath: String { path + "/model" }
    var adapterPath: String { path + "/adapter" }

    /// Writes a merged model without adapter as the base, then an adapter of it whose B is not zero.
    init(trained: Bool = true, options: [String: ConfigurationValue] = [:]) throws {
        let model = try TinyModel.make(engine: engine)
        _ = try MergedModel.write(model, source: "made here", to: modelPath)
        let section = TinyModel.lora(options: options)
        _ = try TinyModel.attach(section, to: model, trained: trained)
        try AdapterFiles.content(of: model, baseModel: modelPath).write(to: adapterPath)
    }

    func model(withAdapter: String? = nil) throws -> LanguageModel {
        let model = try LanguageModel.load(modelPath, engine: engine)
        if let withAdapter { try model.loadAdapter(withAdapter) }
        return model
    }

    static let input = ProbeInput(path: "test", sequenceCount: 2, length: 5, inputIds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])

    func logits(_ model: LanguageModel) -> [Float] { Probe(Self.input, model: model).logits.elements() }

    var fileNames: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// Euclidean distance relative to the norm of `b`.
    static func distance(_ a: [Float], _ b: [Float]) -> Double {
        guard a.count == b.count else { return .infinity }
        let difference = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        return (difference / b.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
    }
}
