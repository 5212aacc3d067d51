import CatenaAdapters
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("Adapter export")
struct AdapterExportTests {
    @Test("peft writes the same tensors byte for byte")
    func peft() throws {
        let files = try ExportCase()
        try AdapterExport.peft(adapter: files.adapterPath, to: files.path + "/out")
        let original = try Data(contentsOf: URL(fileURLWithPath: files.adapterPath + "/adapter_model.safetensors"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: files.path + "/out/adapter_model.safetensors")) == original)
        #expect(try PEFTConfiguration(folder: files.path + "/out") == PEFTConfiguration(folder: files.adapterPath))
    }

    @Test("lora computes the same without the rsLoRA option")
    func loraFold() throws {
        let files = try ExportCase(options: ["rs-lora": .boolean(true)])
        let model = try files.model(withAdapter: files.adapterPath)
        try AdapterExport.lora(model: model, baseModel: files.modelPath, to: files.path + "/out")
        let configuration = try PEFTConfiguration(folder: files.path + "/out")
        #expect(configuration.section.option("rs-lora") == .boolean(false))
        #expect(abs(configuration.section.alpha - 3 * 2.0.squareRoot()) < 1e-12)
        let folded = files.logits(try files.model(withAdapter: files.path + "/out"))
        #expect(ExportCase.distance(folded, files.logits(model)) < 1e-6)
        #expect(ExportCase.distance(folded, files.logits(try files.model())) > 1e-3)
    }

    @Test("gguf has llama.cpp's metadata, names and interleaved rows of q")
    func gguf() throws {
        let files = try ExportCase()
        let model = try files.model(withAdapter: files.adapterPath)
        let path = files.path + "/adapter.gguf"
        try AdapterExport.gguf(model: model, name: "tiny", to: path)
        let file = try GGUFFile(path: path)
        #expect(file.metadata["general.architecture"] == .string("llama"))
        #expect(file.metadata["general.type"] == .string("adapter"))
        #expect(file.metadata["adapter.type"] == .string("lora"))
        #expect(file.metadata["adapter.lora.alpha"] == .float(3))
        #expect(file.tensors.count == 28)
        let weights = try SafetensorsFile(path: files.adapterPath + "/adapter_model.safetensors").tensors
        let prefix = "base_model.model.model.layers.1."
        func rows(_ name: String) throws -> [[Float]] {
            let values = try weights[prefix + name]?.floats() ?? []
            return stride(from: 0, to: values.count, by: 2).map { Array(values[$0..<$0 + 2]) }
        }
        // Heads of 4 rows: the file holds the pairs (0, 2) and (1, 3) next to each other.
        let q = try rows("self_attn.q_proj.lora_B.weight")
        let order = (0..<4).flatMap { head in [0, 2, 1, 3].map { 4 * head + $0 } }
        #expect(try file.tensors["blk.1.attn_q.weight.lora_b"]?.floats() == order.flatMap { q[$0] })
        #expect(file.tensors["blk.1.attn_q.weight.lora_b"]?.shape == [16, 2])
        #expect(file.tensors["blk.1.attn_q.weight.lora_a"]?.shape == [2, 8])
        let v = try rows("self_attn.v_proj.lora_B.weight")
        #expect(try file.tensors["blk.1.attn_v.weight.lora_b"]?.floats() == v.flatMap { $0 })
    }

    @Test("a merged folder computes what model and adapter compute")
    func merged() throws {
        let files = try ExportCase()
        let model = try files.model(withAdapter: files.adapterPath)
        let notes = try MergedModel.write(model, source: files.modelPath, to: files.path + "/merged")
        #expect(notes.isEmpty)
        let merged = try LanguageModel.load(files.path + "/merged", engine: files.engine)
        #expect(merged.configuration == model.configuration)
        #expect(ExportCase.distance(files.logits(merged), files.logits(model)) < 1e-5)
    }

    @Test("without an adapter there is nothing to export")
    func noAdapter() throws {
        let files = try ExportCase()
        let model = try files.model()
        #expect(throws: AdapterError.notRepresentable(format: "lora", reason: "no layer of the model has an adapter")) {
            try AdapterExport.lora(model: model, baseModel: "", to: files.path + "/out")
        }
        #expect(!files.fileNames.contains("out"))
    }
}
