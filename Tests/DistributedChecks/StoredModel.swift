import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation

/// A small Llama model with random weights in files of every kind, written by rank 0 for all processes.
struct StoredModel {
    static let layerCount = 3
    static let kinds = ["float32", "bfloat16", "float16", "float32 in shards", "gguf q8_0", "gguf q4_1", "gguf f16"]

    /// Folder or file.
    let path: String
    private let folder: String

    /// Collective: writes it.
    init(kind: String, communicator: any Communicator) throws {
        folder = try communicator.broadcast(NSTemporaryDirectory() + "catena-placement-" + UUID().uuidString)
        path = kind.hasPrefix("gguf") ? folder + "/model.gguf" : folder
        let (folder, path) = (folder, path)
        try communicator.agree("write the model") {
            guard communicator.isRoot else { return }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            kind.hasPrefix("gguf") ? try Self.writeGGUF(kind, to: path) : try Self.writeFolder(kind, to: folder)
        }
    }

    /// Collective: removes it.
    func remove(_ communicator: any Communicator) throws {
        try communicator.barrier()
        if communicator.isRoot { try FileManager.default.removeItem(atPath: folder) }
    }

    private static let (hidden, inner, vocabulary, keyWidth) = (64, 96, 75, 32)

    private static var shapes: [(name: String, shape: [Int])] {
        var shapes = [("model.embed_tokens.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden])]
        shapes.append(("lm_head.weight", [vocabulary, hidden]))
        for layer in 0..<layerCount {
            let prefix = "model.layers.\(layer)."
            for (name, shape) in [
                ("input_layernorm", [hidden]), ("post_attention_layernorm", [hidden]),
                ("self_attn.q_proj", [hidden, hidden]), ("self_attn.k_proj", [keyWidth, hidden]),
                ("self_attn.v_proj", [keyWidth, hidden]), ("self_attn.o_proj", [hidden, hidden]),
                ("mlp.gate_proj", [inner, hidden]), ("mlp.up_proj", [inner, hidden]),
                ("mlp.down_proj", [hidden, inner]),
            ] { shapes.append((prefix + name + ".weight", shape)) }
        }
        return shapes
    }

    private static func values(_ name: String, _ shape: [Int]) -> [Float] {
        var values = [Float](repeating: 1, count: shape.reduce(1, *))
        guard shape.count > 1 else { return values }
        SeededGenerator(seed: 4, purpose: "stored-model", name: name).fillNormal(&values, standardDeviation: 0.2)
        return values
    }

    private static func writeFolder(_ kind: String, to folder: String) throws {
        try Data(
            """
            {"model_type": "llama", "vocab_size": \(vocabulary), "hidden_size": \(hidden), "intermediate_size": \(inner),
             "num_hidden_layers": \(layerCount), "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
            """.utf8
        ).write(to: URL(fileURLWithPath: folder + "/config.json"))
        let parts = kind == "float32 in shards" ? 2 : 1
        var map: [String] = []
        for part in 0..<parts {
            var writer = SafetensorsWriter()
            let file = parts == 1 ? "model.safetensors" : "model-\(part).safetensors"
            for (index, entry) in shapes.enumerated() where index % parts == part {
                let numbers = values(entry.name, entry.shape)
                let stored: SafetensorsValues =
                    switch kind {
                    case "bfloat16": .bytes(.bfloat16, NarrowFloats.bfloat16Bytes(numbers))
                    case "float16": .bytes(.float16, NarrowFloats.float16Bytes(numbers))
                    default: .float32(numbers)
                    }
                writer.append(entry.name, shape: entry.shape, stored)
                map.append("\"\(entry.name)\": \"\(file)\"")
            }
            try writer.write(to: folder + "/" + file)
        }
        guard parts > 1 else { return }
        try Data("{\"weight_map\": {\(map.joined(separator: ", "))}}".utf8)
            .write(to: URL(fileURLWithPath: folder + "/model.safetensors.index.json"))
    }

    private static func writeGGUF(_ kind: String, to path: String) throws {
        var writer = GGUFWriter()
        writer.setMetadata("general.architecture", .string("llama"))
        for (key, value) in [
            ("embedding_length", hidden), ("feed_forward_length", inner), ("block_count", layerCount),
            ("attention.head_count", 4), ("attention.head_count_kv", 2), ("context_length", 64),
        ] { writer.setMetadata("llama." + key, .integer(Int64(value))) }
        writer.setMetadata("llama.attention.layer_norm_rms_epsilon", .float(1e-5))
        for entry in shapes {
            guard let name = GGUFNames.name(of: entry.name) else { continue }
            let numbers = values(entry.name, entry.shape)
            switch kind {
            case _ where entry.shape.count == 1: writer.append(name, shape: entry.shape, float32: numbers)
            case "gguf q8_0":
                writer.append(name, shape: entry.shape, encoding: .q8_0, bytes: blocks(entry, of: 34, extra: 2))
            case "gguf q4_1":
                writer.append(name, shape: entry.shape, encoding: .q4_1, bytes: blocks(entry, of: 20, extra: 4))
            default: writer.append(name, shape: entry.shape, float16: numbers)
            }
        }
        try writer.write(to: path)
    }

    /// Random quantised blocks of 32 numbers: float16 scales of 2⁻⁸, then anything.
    private static func blocks(_ entry: (name: String, shape: [Int]), of byteCount: Int, extra: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 4, purpose: "stored-blocks", name: entry.name)
        var bytes: [UInt8] = []
        for _ in 0..<entry.shape.reduce(1, *) / 32 {
            for index in 0..<byteCount {
                bytes.append(index < extra ? [0x00, 0x1c][index % 2] : UInt8(generator.next(below: 256)))
            }
        }
        return bytes
    }
}
