import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// Models of the parity fixtures written as llama.cpp's converter lays them out.
@Suite("GGUF models")
struct GGUFModelTests {
    private struct Source {
        let name, architecture: String
        let interleaved: Bool
        let headDimension: Int
        var metadata: [String: GGUFValue] = [:]
    }

    /// Mistral has no architecture of its own in llama.cpp's files: its window is dropped here as there.
    private static let sources = [
        Source(name: "llama-gqa", architecture: "llama", interleaved: true, headDimension: 6),
        Source(name: "qwen2", architecture: "qwen2", interleaved: false, headDimension: 6),
        Source(
            name: "qwen3", architecture: "qwen3", interleaved: false, headDimension: 12,
            metadata: ["attention.key_length": .integer(12), "attention.value_length": .integer(12)]),
    ]

    /// Row i of `values` goes to row 2j + t of its head, where i = t · d/2 + j.
    private func interleave(_ values: [Float], rows: Int, headDimension d: Int) -> [Float] {
        let width = values.count / rows
        var result = values
        for row in 0..<rows {
            let (head, within) = row.quotientAndRemainder(dividingBy: d)
            let target = head * d + 2 * (within % (d / 2)) + within / (d / 2)
            for column in 0..<width { result[target * width + column] = values[row * width + column] }
        }
        return result
    }

    private func writer(
        _ source: Source, extra: (inout GGUFWriter) -> Void = { _ in }, biases: [String: [Float]] = [:]
    ) throws -> GGUFWriter {
        let folder = ParityCase.root + "/Tests/Fixtures/parity/" + source.name + "/model"
        let json = try JSONDocument.read(path: folder + "/config.json")
        var writer = GGUFWriter()
        writer.setMetadata("general.architecture", .string(source.architecture))
        for (key, name) in [
            ("hidden_size", "embedding_length"), ("intermediate_size", "feed_forward_length"),
            ("num_hidden_layers", "block_count"), ("num_attention_heads", "attention.head_count"),
            ("num_key_value_heads", "attention.head_count_kv"), ("max_position_embeddings", "context_length"),
        ] {
            writer.setMetadata("\(source.architecture).\(name)", .integer(Int64(try json.requireInt(key))))
        }
        writer.setMetadata(
            "\(source.architecture).attention.layer_norm_rms_epsilon", .float(try json.requireDouble("rms_norm_eps")))
        writer.setMetadata("\(source.architecture).rope.freq_base", .float(10_000))
        for (key, value) in source.metadata.sorted(by: { $0.key < $1.key }) {
            writer.setMetadata("\(source.architecture).\(key)", value)
        }
        extra(&writer)
        let file = try SafetensorsFile(path: folder + "/model.safetensors")
        for name in file.tensors.keys.sorted() {
            let tensor = try #require(file.tensors[name])
            var values = try tensor.floats()
            if source.interleaved, GGUFNames.isRotated(name) {
                values = interleave(values, rows: tensor.shape[0], headDimension: source.headDimension)
            }
            writer.append(try #require(GGUFNames.name(of: name)), shape: tensor.shape, float32: values)
        }
        for (name, values) in biases.sorted(by: { $0.key < $1.key }) {
            writer.append(name, shape: [values.count], float32: values)
        }
        return writer
    }

    private func load(_ writer: GGUFWriter) throws -> LanguageModel {
        let folder = try TinyFolder()
        try writer.write(to: folder.path + "/model.gguf")
        // The mapping outlives the folder.
        return try LanguageModel.load(folder.path + "/model.gguf", engine: Engine(threads: 1))
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        let batch = TinyBatch(lengths: [9, 4], vocabulary: 56)
        return model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    private func original(_ name: String) throws -> LanguageModel {
        try LanguageModel.load(
            ParityCase.root + "/Tests/Fixtures/parity/" + name + "/model", engine: Engine(threads: 1))
    }

    @Test("a GGUF file gives the logits of the Hugging Face folder", arguments: sources.indices)
    func sameLogits(index: Int) throws {
        let source = Self.sources[index]
        let model = try load(try writer(source))
        let expected = try original(source.name)
        #expect(logits(model) == logits(expected))
        // The metadata stores the epsilon as float32, as the configuration does.
        #expect(model.configuration == expected.configuration)
    }

    @Test("an adapter made for the folder fits the file")
    func adapter() throws {
        let adapter = ParityCase.root + "/Tests/Fixtures/parity/llama-gqa/adapter-init"
        let (model, expected) = (try load(try writer(Self.sources[0])), try original("llama-gqa"))
        try model.loadAdapter(adapter)
        try expected.loadAdapter(adapter)
        #expect(logits(model) == logits(expected))
    }

    @Test("biases in a Llama file are used")
    func biases() throws {
        let zero = [Float](repeating: 0, count: 24)
        let (key, value) = ([Float](repeating: 0, count: 12), [Float](repeating: 0.5, count: 12))
        var tensors: [String: [Float]] = [:]
        for layer in 0..<2 {
            tensors["blk.\(layer).attn_q.bias"] = zero
            tensors["blk.\(layer).attn_k.bias"] = key
            tensors["blk.\(layer).attn_v.bias"] = value
        }
        let model = try load(try writer(Self.sources[0], biases: tensors))
        #expect(model.configuration.queryKeyValueBias)
        #expect(!model.configuration.outputBias)
        #expect(normwiseError(logits(model), logits(try original("llama-gqa"))) > 1e-2)
    }

    @Test("frequency factors stretch the rotary embedding; a wrong number of them is refused")
    func frequencyFactors() throws {
        let twos = try load(try writer(Self.sources[0], biases: ["rope_freqs.weight": [2, 2, 2]]))
        let linear = try load(
            try writer(Self.sources[0]) {
                $0.setMetadata("llama.rope.scaling.type", .string("linear"))
                $0.setMetadata("llama.rope.scaling.factor", .float(2))
            })
        #expect(logits(twos) == logits(linear))
        #expect(logits(twos) != logits(try original("llama-gqa")))
        #expect(throws: ModelError.self) {
            try load(try writer(Self.sources[0], biases: ["rope_freqs.weight": [2, 2]]))
        }
    }

    @Test("an unknown architecture, partial rotation and other scalings are refused")
    func refused() throws {
        var unknown = Self.sources[1]
        unknown = Source(name: unknown.name, architecture: "rwkv", interleaved: false, headDimension: 6)
        #expect(throws: ModelError.self) { try load(try writer(unknown)) }
        #expect(throws: ModelError.self) {
            try load(try writer(Self.sources[0]) { $0.setMetadata("llama.rope.dimension_count", .integer(4)) })
        }
        #expect(throws: ModelError.self) {
            try load(try writer(Self.sources[0]) { $0.setMetadata("llama.rope.scaling.type", .string("yarn")) })
        }
    }

    @Test("names that GGUF has no counterpart for are nil")
    func names() {
        #expect(GGUFNames.name(of: "model.layers.12.self_attn.q_proj.bias") == "blk.12.attn_q.bias")
        #expect(GGUFNames.name(of: "model.layers.0.self_attn.q_norm.weight") == "blk.0.attn_q_norm.weight")
        #expect(GGUFNames.name(of: "lm_head.weight") == "output.weight")
        #expect(GGUFNames.name(of: "model.layers.0.mlp.experts.weight") == nil)
        #expect(GGUFNames.name(of: "transformer.wte.weight") == nil)
    }
}
