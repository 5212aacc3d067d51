import CatenaLearning
import CatenaDistributed
import CatenaFiles
import CatenaReporting
import CatenaText
import Foundation

/// One reader of files with the valid inputs from which its hostile ones are made.
struct Reader {
    let name: String
    /// Files by name of each input; one of them is changed at a time.
    let inputs: [[String: [UInt8]]]
    /// Files that are never changed.
    var keeps: Set<String> = []
    /// Pieces of the reader's language that are put into its files.
    var words: [String] = []
    /// What is done to a changed input before it is read, such as giving it a valid sum; applied to every second one.
    var resigns: ((inout [String: [UInt8]]) throws -> Void)?
    /// Reads the files in a folder. Throwing is right, and so is not throwing; ending the process is not.
    let read: (String) throws -> Void
}

/// Where valid files of this repository are.
struct Corpus {
    let root: String

    func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: root + "/" + path)))
    }

    var model: String { root + "/Examples/tiny" }
}

extension Reader {
    /// All readers.
    static func all(_ corpus: Corpus) throws -> [Reader] {
        try files(corpus) + texts(corpus) + folders(corpus) + models(corpus) + images(corpus)
    }

    /// Files of tensors and tokenizers.
    private static func files(_ corpus: Corpus) throws -> [Reader] {
        let tokenizers = ["bpe-gpt2", "bpe-llama3", "metaspace-always", "wordpiece"]
        return [
            Reader(
                name: "safetensors",
                inputs: try ["safetensors/mixed.safetensors"].map {
                    ["a.safetensors": try corpus.bytes("Tests/Fixtures/" + $0)]
                }
            ) { try touch(try SafetensorsFile(path: $0 + "/a.safetensors").tensors) },
            Reader(
                name: "gguf",
                inputs: [["a.gguf": try corpus.bytes("Tests/Fixtures/gguf/blocks.gguf")], ["a.gguf": gguf()]]
            ) {
                let file = try GGUFFile(path: $0 + "/a.gguf")
                try touch(file.tensors)
                let tokenizer = try Tokenizer(gguf: file.metadata, path: "a.gguf")
                _ = tokenizer.decode(tokenizer.encode(sample))
            },
            Reader(
                name: "tokenizer",
                inputs: try tokenizers.map {
                    ["tokenizer.json": try corpus.bytes("Tests/Fixtures/tokenizers/\($0)/tokenizer.json")]
                }
                    + [
                        [
                            "tokenizer.json": try corpus.bytes("Tests/Fixtures/tokenizers/bpe-qwen2/tokenizer.json"),
                            "tokenizer_config.json": try corpus.bytes("Examples/tiny/tokenizer_config.json"),
                        ]
                    ]
            ) {
                let tokenizer = try Tokenizer.load(model: $0)
                _ = tokenizer.decode(tokenizer.encode(sample))
            },
        ]
    }

    /// Text in JSON and YAML.
    private static func texts(_ corpus: Corpus) throws -> [Reader] {
        let lines = [
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello \\u00e9!"}]}"#,
            #"{"prompt":"What is 3 + 4?","completion":"7"}"#, #"{"instruction":"Add.","input":"3 4","output":"7"}"#,
            #"{"text":"Any text."}"#, #"{"input_ids":[1,15,9],"labels":[-100,15,9]}"#,
        ]
        let metrics = (1...3).map {
            MetricsLine(
                step: $0, loss: 1 / 3, tokens: 9, supervisedTokens: 7, learningRate: 1e-4, gradientNorm: 1,
                tokensPerSecond: 1,
                seconds: 1, residentBytes: 1, validationLoss: 2
            ).json + "\n"
        }.joined()
        let yaml = ["Examples/quickstart-tiny.yaml", "Examples/tiny/pretrain.yaml"]
        return [
            Reader(name: "json", inputs: [["a.json": Array(#"{"a":[1,-2.5e3,"x\\n",null,true],"é":{"b":{}}}"#.utf8)]]) {
                _ = try JSONValue.read(path: $0 + "/a.json").prettyText()
            },
            Reader(name: "configuration", inputs: try yaml.map { ["run.yaml": try corpus.bytes($0)] }) {
                _ = try RunConfiguration.load(path: $0 + "/run.yaml").resolvedYAML
            },
            Reader(name: "comparison", inputs: [["run.yaml": try corpus.bytes("Examples/compare.yaml")]]) {
                _ = try ComparisonConfiguration.load(path: $0 + "/run.yaml")
            },
            Reader(name: "metrics", inputs: [["metrics.jsonl": Array(metrics.utf8)]]) {
                let path = $0 + "/metrics.jsonl"
                let lines = try MetricsLine.read(path: path)
                let writer = try MetricsWriter.open(path: path, resumingAfter: 2)
                for line in lines { try writer.append(line) }
            },
            Reader(
                name: "data",
                inputs: lines.map { ["a.jsonl": Array("\($0)\n\($0)\n".utf8)] }
                    + lines.map { ["a.json": Array("[\($0),\n\($0)]".utf8)] }
            ) { folder in
                for name in ["a.jsonl", "a.json"] where FileManager.default.fileExists(atPath: folder + "/" + name) {
                    _ = try ExampleReader.read(path: folder + "/" + name)
                }
            },
        ]
    }

    static let sample = "Hello, World! 12 éü 漢字 <s> aaaaaaaaaaaaaaaa\n\t"

    /// Decodes what is small enough to be decoded many times.
    static func touch(_ tensors: [String: StoredTensor]) throws {
        for tensor in tensors.values where tensor.elementCount < 1 << 16 { _ = try tensor.floats() }
    }

    /// A file with metadata of every kind and a tokenizer.
    private static func gguf() -> [UInt8] {
        var writer = GGUFWriter()
        writer.setMetadata("general.architecture", .string("llama"))
        writer.setMetadata("tokenizer.ggml.model", .string("llama"))
        writer.setMetadata("tokenizer.ggml.tokens", .array(["<unk>", "a", "b", "ab", "▁", "▁a"].map { .string($0) }))
        writer.setMetadata("tokenizer.ggml.scores", .array([0, -1, -2, -3, -4, -5].map { .float($0) }))
        writer.setMetadata("tokenizer.ggml.token_type", .array([2, 1, 1, 1, 1, 1].map { .integer($0) }))
        writer.setMetadata("tokenizer.ggml.bos_token_id", .integer(1))
        writer.setMetadata("tokenizer.ggml.add_bos_token", .bool(true))
        writer.append("a.weight", shape: [2, 3], float32: [1, 2, 3, 4, 5, 6])
        return writer.data()
    }
}
