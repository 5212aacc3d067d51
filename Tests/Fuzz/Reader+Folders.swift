import CatenaAdapters
import CatenaModels
import Crypto
import CatenaLearning
import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaText
import Foundation

extension Reader {
    /// Folders of several files that belong together, and files with a sum.
    static func folders(_ corpus: Corpus) throws -> [Reader] {
        let scratch = NSTemporaryDirectory() + "catena-fuzz-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let engine = Engine(threads: 1)
        let adapters = try ["lora", "dora", "vera", "ia3"].map {
            try adapter(of: $0, corpus, engine, scratch + "/" + $0)
        }
        return [
            Reader(name: "adapter", inputs: adapters) {
                try LanguageModel.load(corpus.model, engine: engine).loadAdapter($0)
            },
            try checkpoint(adapters[0]), try prepared(corpus, scratch),
        ]
    }

    private static func adapter(
        of method: String, _ corpus: Corpus, _ engine: Engine, _ folder: String
    ) throws -> [String: [UInt8]] {
        let model = try LanguageModel.load(corpus.model, engine: engine)
        _ = ParameterSet(
            try model.attachAdapters(AdapterMethod.named(method).defaultSection, seed: 1).parameters,
            memory: engine.memory)
        try AdapterFiles.content(of: model, baseModel: corpus.model).write(to: folder)
        return try contents(of: folder)
    }

    private static func contents(of folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
        }
        return files
    }

    /// A checkpoint, also one whose manifest is right about changed files.
    private static func checkpoint(_ adapter: [String: [UInt8]]) throws -> Reader {
        let state = Array(
            #"{"step":3,"optimizer_step":3,"base_fingerprint":"a","data_key":"b","parameter_count":1}"#.utf8)
        func signed(_ files: [String: [UInt8]], step: Int) throws -> [UInt8] {
            let others = files.filter { $0.key != CheckpointManifest.fileName }.sorted { $0.key < $1.key }
            return try CheckpointManifest(
                step: step, createdBy: "fuzz", files: others.map { CheckpointFile(name: $0.key, bytes: $0.value) }
            ).encoded()
        }
        var files = adapter.merging(["state.json": state]) { first, _ in first }
        files[CheckpointManifest.fileName] = try signed(files, step: 3)
        return Reader(
            name: "checkpoint", inputs: [files],
            resigns: { $0[CheckpointManifest.fileName] = try signed($0, step: 3) }
        ) { folder in
            let loaded = try CheckpointReader.load(folder)
            for file in loaded.files where file.name.hasSuffix(".safetensors") {
                try touch(try SafetensorsFile(bytes: file.bytes, path: file.name).tensors)
            }
            _ = try Inspection(path: folder)
        }
    }

    /// The cache of tokenised data, also with a sum that is right.
    private static func prepared(_ corpus: Corpus, _ scratch: String) throws -> Reader {
        let tokenizer = try Tokenizer.load(model: corpus.model)
        let encoder = try ExampleEncoder(
            tokenizer: tokenizer, template: ChatTemplate(named: "plain", tokenizer: tokenizer), maximumLength: 32)
        let data = scratch + "/data.jsonl"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let bytes = Array(#"{"prompt":"ab","completion":"c"}"#.utf8) + [0x0A]
        try Data(bytes).write(to: URL(fileURLWithPath: data))
        let good = try PreparedDataset.open(path: data, encoder: encoder, cacheFolder: scratch + "/cache")
        let name = "\(good.key).catena-data"
        return Reader(
            name: "prepared",
            inputs: [["data.jsonl": bytes, name: [UInt8](try Data(contentsOf: URL(fileURLWithPath: good.path)))]],
            resigns: { files in
                guard let cached = files[name], cached.count > 32 else { return }
                let content = Array(cached.dropLast(32))
                let digits = Array(SHA256.hexadecimal(of: content).utf8)
                files[name] =
                    content
                    + stride(from: 0, to: 64, by: 2).compactMap {
                        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
                    }
            }
        ) { folder in
            let data = try PreparedDataset.open(path: folder + "/data.jsonl", encoder: encoder, cacheFolder: folder)
            var microBatch = Batch()
            microBatch.fill(MicroBatchPlan(globalIndex: 0, rows: [Array(0..<data.count)]), from: data)
            precondition(
                microBatch.inputIds.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) },
                "an id outside the vocabulary was accepted")
        }
    }
}
