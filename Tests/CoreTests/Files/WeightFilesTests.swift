import CatenaFiles
import Foundation
import Testing

@Suite("Weight files") struct WeightFilesTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    private func shard(_ names: String...) throws -> [UInt8] {
        try SafetensorsWriter.data(tensors: names.map { ($0, [2], .float32([1, Float($0.utf8.count)])) })
    }

    private func notAModel() -> String? {
        guard case .notAModel(_, let reason)? = fileError({ _ = try WeightFiles.open(folder.path) }) else {
            return nil
        }
        return reason
    }

    @Test("a folder with one file, the file itself and a GGUF file open")
    func opens() throws {
        let path = try folder.file("model.safetensors", shard("a.weight", "b"))
        for place in [folder.path, folder.path + "/", path] {
            let weights = try WeightFiles.open(place)
            #expect(weights.tensors.keys.sorted() == ["a.weight", "b"])
            #expect(try weights.tensor("b").floats() == [1, 1])
            #expect(weights.gguf == nil)
        }
        var writer = GGUFWriter()
        writer.append("token_embd.weight", shape: [1], float32: [5])
        let unnamed = try WeightFiles.open(folder.file("blob", writer.data()))
        #expect(try unnamed.tensor("token_embd.weight").floats() == [5])
        #expect(unnamed.gguf != nil)
    }

    @Test("shards are joined through the index")
    func shards() throws {
        _ = try folder.file("s1.safetensors", shard("a", "unlisted"))
        _ = try folder.file("s2.safetensors", shard("bb"))
        _ = try folder.file(
            "model.safetensors.index.json",
            #"{"metadata":{"total_size":1},"weight_map":{"a":"s1.safetensors","bb":"s2.safetensors"}}"#)
        let weights = try WeightFiles.open(folder.path)
        #expect(weights.tensors.keys.sorted() == ["a", "bb"])
        #expect(try weights.tensor("bb").floats() == [1, 2])
    }

    @Test("a missing shard, a tensor its shard lacks, and bad indices are named")
    func badShards() throws {
        let index = folder.path + "/model.safetensors.index.json"
        _ = try folder.file("s1.safetensors", shard("lm_head.weight"))
        _ = try folder.file(
            "model.safetensors.index.json",
            #"{"weight_map":{"lm_head.weight":"s1.safetensors","b":"s2.safetensors","c":"s2.safetensors"}}"#)
        #expect(throws: FileError.missingShard(path: index, shard: "s2.safetensors", tensorCount: 2)) {
            try WeightFiles.open(folder.path)
        }
        _ = try folder.file(
            "model.safetensors.index.json", #"{"weight_map":{"lm_head.weigth":"s1.safetensors"}}"#)
        let lacking = try WeightFiles.open(folder.path)
        #expect(
            throws: FileError.missingTensor(
                path: folder.path + "/s1.safetensors", tensor: "lm_head.weigth", nearest: [])
        ) { try lacking.tensor("lm_head.weigth") }
        _ = try folder.file("model.safetensors.index.json", #"{"weight_map":{"a":"../s1.safetensors"}}"#)
        #expect(
            throws: FileError.wrongValue(
                path: index, keyPath: "weight_map.a", expected: "the name of a file beside it",
                actual: "the string \"../s1.safetensors\"")
        ) { try WeightFiles.open(folder.path) }
        _ = try folder.file("model.safetensors.index.json", "{}")
        #expect(throws: FileError.missingKey(path: index, keyPath: "weight_map")) {
            try WeightFiles.open(folder.path)
        }
    }

    @Test("paths and folders without a model say what is there instead")
    func nothing() throws {
        #expect(throws: FileError.missing(path: folder.path + "/none")) {
            try WeightFiles.open(folder.path + "/none")
        }
        #expect(notAModel() == "the folder is empty")
        _ = try folder.file("config.json", "{}")
        #expect(notAModel()?.contains("neither model.safetensors nor") == true)
        _ = try folder.file("adapter_model.safetensors", shard("a"))
        #expect(notAModel()?.contains("holds an adapter") == true)
        _ = try folder.file("pytorch_model.bin", "pickle")
        #expect(notAModel()?.contains("pytorch_model.bin") == true)
        _ = try folder.file("small.gguf", "GGUF")
        #expect(notAModel()?.contains(folder.path + "/small.gguf") == true)
        let text = try folder.file("notes.txt", "hello")
        #expect(
            throws: FileError.notAModel(
                path: text,
                reason: "expected a folder with model.safetensors, a .safetensors file or a .gguf file")
        ) { try WeightFiles.open(text) }
    }

    @Test("a mistyped tensor name is answered with the nearest one")
    func nearest() throws {
        _ = try folder.file("model.safetensors", shard("model.norm.weight", "lm_head.weight"))
        let weights = try WeightFiles.open(folder.path)
        let error = fileError { _ = try weights.tensor("model.norm.wieght") }
        #expect(
            error
                == .missingTensor(
                    path: folder.path, tensor: "model.norm.wieght", nearest: ["model.norm.weight"]))
        #expect(error?.description.hasSuffix("the nearest names are \"model.norm.weight\".") == true)
    }
}

@Suite("Base fingerprint") struct BaseFingerprintTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    private func fingerprint(_ tensors: [(name: String, shape: [Int], values: SafetensorsValues)]) throws
        -> String
    {
        let path = try folder.file(UUID().uuidString, SafetensorsWriter.data(tensors: tensors))
        return try BaseFingerprint.of(SafetensorsFile(path: path).tensors.values)
    }

    @Test("it changes with name, shape, encoding and sampled content, and with nothing else")
    func identifies() throws {
        let values = [Float](repeating: 1, count: 20_000)
        let base = try fingerprint([("a", [20_000], .float32(values)), ("b", [2], .int64([1, 2]))])
        #expect(base.count == 64)
        #expect(try fingerprint([("b", [2], .int64([1, 2])), ("a", [20_000], .float32(values))]) == base)
        #expect(try fingerprint([("c", [20_000], .float32(values)), ("b", [2], .int64([1, 2]))]) != base)
        #expect(try fingerprint([("a", [100, 200], .float32(values)), ("b", [2], .int64([1, 2]))]) != base)
        #expect(
            try fingerprint([("a", [20_000], .float32(values)), ("b", [4], .float32([1, 2, 3, 4]))]) != base)
        for position in [0, 10_000, 19_999] {
            var changed = values
            changed[position] = 2
            #expect(
                try fingerprint([("a", [20_000], .float32(changed)), ("b", [2], .int64([1, 2]))]) != base)
        }
    }

    @Test("it is the same for one file and for the same tensors in two files")
    func independentOfFiles() throws {
        let one = try fingerprint([("a", [1], .float32([1])), ("b", [1], .float32([2]))])
        let a = try SafetensorsFile(
            path: folder.file("a", SafetensorsWriter.data(tensors: [("a", [1], .float32([1]))])))
        let b = try SafetensorsFile(
            path: folder.file("b", SafetensorsWriter.data(tensors: [("b", [1], .float32([2]))])))
        #expect(BaseFingerprint.of(Array(b.tensors.values) + Array(a.tensors.values)) == one)
    }
}
