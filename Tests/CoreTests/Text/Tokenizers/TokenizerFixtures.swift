import Foundation

/// Places of tokenizer fixtures and scratch folders.
enum TokenizerFixtures {
    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let committed = repository.appending(path: "Tests/Fixtures/tokenizers")
    static let shared = repository.deletingLastPathComponent().appending(path: "shared/fixtures/tokenizers")

    /// The SmolLM2 weights that the quick start downloads, if they are there.
    static let smolLM2: String? = {
        let models = repository.appending(path: "models")
        let found = FileManager.default.enumerator(atPath: models.path)?.compactMap { $0 as? String } ?? []
        return found.first { $0.hasSuffix("SmolLM2-135M-Instruct.Q4_1.gguf") }.map { models.appending(path: $0).path }
    }()

    /// Folders with both a tokenizer.json and its cases.
    static func folders(in parent: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
        return names.sorted().map { parent.appending(path: $0) }.filter {
            FileManager.default.fileExists(atPath: $0.appending(path: "tokenizer.json").path)
        }
    }

    /// A string with the ids and the decoded text that the reference library gives.
    struct Case: Decodable {
        let text: String
        let ids: [Int32]
        let decoded: String
    }

    static func cases(in folder: URL) throws -> [Case] {
        let text = try Data(contentsOf: folder.appending(path: "cases.jsonl"))
        return try text.split(separator: 0x0A).map { try JSONDecoder().decode(Case.self, from: Data($0)) }
    }

    /// Runs `body` with a new folder that holds `files`, and removes it.
    static func withFolder<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(folder.path)
    }

    /// A byte-level tokenizer with tokens a, b, c, ab, abc and the special token <s>.
    static let smallJSON = #"""
        {"added_tokens":[{"id":5,"content":"<s>","special":true,"normalized":false}],
         "normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
         "post_processor":null,"decoder":{"type":"ByteLevel"},
         "model":{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4},"merges":["a b","ab c"]}}
        """#
}
