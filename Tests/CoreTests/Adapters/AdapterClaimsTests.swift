import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// `adapter_config.json` says what is to be made; it is believed when the tensors bear it out.
@Suite("What adapters' files claim")
struct AdapterClaimsTests {
    private static let fixture = ParityCase.root + "/Tests/Fixtures/parity/llama-gqa"
    private let engine = Engine(threads: 1)

    private func model() throws -> LanguageModel { try LanguageModel.load(Self.fixture + "/model", engine: engine) }

    /// A copy of the fixture's adapter with other members and other names of tensors.
    private func adapter(
        _ values: [String: Any] = [:], naming: (String) -> String = { $0 }, change: (inout [Float]) -> Void = { _ in }
    ) throws -> TinyFolder {
        let folder = try TinyFolder()
        let source = try Data(
            contentsOf: URL(fileURLWithPath: Self.fixture + "/adapter-init/" + PEFT.configurationFile))
        var json = try #require(try JSONSerialization.jsonObject(with: source) as? [String: Any])
        for (key, value) in values { json[key] = value }
        try JSONSerialization.data(withJSONObject: json).write(
            to: URL(fileURLWithPath: folder.path + "/" + PEFT.configurationFile))
        var writer = SafetensorsWriter()
        let file = try SafetensorsFile(path: Self.fixture + "/adapter-init/" + PEFT.weightsFile)
        for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) {
            var values = try tensor.floats()
            change(&values)
            writer.append(naming(name), shape: tensor.shape, .float32(values))
        }
        try writer.write(to: folder.path + "/" + PEFT.weightsFile)
        return folder
    }

    private func message(_ folder: TinyFolder) throws -> String {
        let model = try model()
        do {
            try model.loadAdapter(folder.path)
            return "accepted"
        } catch {
            #expect(model.adaptedLinears.isEmpty)
            return "\(error)"
        }
    }

    @Test(
        "a rank that no adapter has is refused where it stands",
        arguments: [-1, 0, 65_537, 1 << 31, 1 << 62, Int.max] as [Int])
    func ranks(rank: Int) throws {
        #expect(try message(adapter(["r": rank])).contains("\"r\" must be a whole number of at least 1"))
        #expect(
            try message(adapter(["rank_pattern": ["q_proj": rank]])).contains("\"rank_pattern.q_proj\" must be a whole")
        )
        for (type, key) in [("VERA", "r"), ("MISS", "r"), ("ADALORA", "init_r")] {
            #expect(try message(adapter(["peft_type": type, key: rank])).contains("\"\(key)\" must be a whole number"))
        }
        let own: [String: Any] = ["method": "houlsby", "size": rank]
        #expect(try message(adapter(["peft_type": "CATENA", "adapter": own])) != "accepted")
    }

    @Test("a rank that the tensors do not have is refused before memory is taken for it")
    func unfounded() throws {
        let found = try message(adapter(["r": 65_000]))
        #expect(found.contains("has shape [3, ") && found.contains("expected [65000, "), "\(found)")
        #expect(try message(adapter(["rank_pattern": ["v_proj": 65_000]])).contains("expected [65000, "))
        let flags: [String: Any] = ["peft_type": "ADALORA", "init_r": 60_000, "rank_pattern": ["a.lora_E": [true]]]
        #expect(try message(adapter(flags)).contains("a list of 60000 flags"))
    }

    @Test(
        "factors and probabilities that float32 cannot hold or that are none are refused",
        arguments: [
            ("lora_alpha", 1e31), ("lora_alpha", -1e308), ("lora_dropout", -0.5), ("lora_dropout", 1.0),
        ])
    func numbers(key: String, value: Double) throws {
        #expect(try message(adapter([key: value])).contains("\"\(key)\" must be a number"))
    }

    @Test(
        "empty lists mean nothing",
        arguments: ["modules_to_save", "target_parameters", "exclude_modules", "layers_to_transform"])
    func emptyLists(key: String) throws {
        #expect(try message(adapter([key: [] as [String]])) == "accepted")
    }

    @Test("names with the adapter's own in them, and names without the first part, are the same tensors")
    func names() throws {
        func values(_ folder: String) throws -> [Float] { try model().loadAdapter(folder).values.elements() }
        let expected = try values(Self.fixture + "/adapter-init")
        let whole = try adapter(naming: { $0.replacingOccurrences(of: ".weight", with: ".default.weight") })
        #expect(try values(whole.path) == expected)
        let bare = try adapter(naming: { String($0.dropFirst(PEFT.prefix.count)) })
        #expect(try values(bare.path) == expected)
        let twice = try adapter()
        var writer = SafetensorsWriter()
        for (name, tensor) in try SafetensorsFile(path: twice.path + "/" + PEFT.weightsFile).tensors {
            writer.append(name, shape: tensor.shape, .stored(tensor))
            writer.append(
                name.replacingOccurrences(of: ".weight", with: ".default.weight"), shape: tensor.shape, .stored(tensor))
        }
        try writer.write(to: twice.path + "/" + PEFT.weightsFile)
        #expect(try message(twice).contains("are the same one"))
    }

    @Test("what Catena cannot do is said in one true sentence")
    func sentences() throws {
        let advice = "merge this adapter into its base with PEFT (merge_and_unload)"
        #expect(try message(adapter(["target_modules": ["q_proj", "lm_head"]])).contains("target_modules is lm_head"))
        #expect(try message(adapter(["target_modules": ["model.embed_tokens"]])).contains(advice))
        #expect(try message(adapter(["modules_to_save": ["lm_head"]])).contains("modules_to_save is lm_head"))
        let pickled = try adapter()
        try FileManager.default.moveItem(
            atPath: pickled.path + "/" + PEFT.weightsFile, toPath: pickled.path + "/adapter_model.bin")
        #expect(try message(pickled).contains("safe_serialization=True"))
    }

    @Test("numbers that are not finite are refused by the tensor's name", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) throws {
        let found = try message(adapter(change: { $0[1] = value }))
        #expect(found.contains("lora_A.weight\" holds NaN or infinity"), "\(found)")
        let folder = try adapter(change: { $0[1] = value })
        #expect(throws: FileError.self) { try AdapterExport.peft(adapter: folder.path, to: folder.path + "/out") }
    }

    @Test("patterns that explode elsewhere are read or refused at once")
    func patterns() throws {
        #expect(try message(adapter(["target_modules": String(repeating: "[", count: 5000)])).contains("not closed"))
        #expect(try message(adapter(["target_modules": "([a-z._0-9]+)+X"])).contains("matches no linear layer"))
        #expect(try message(adapter(["target_modules": "(?<=a).*"])).contains("a look-behind, not supported"))
        let keys = Dictionary(uniqueKeysWithValues: (0..<40).map { ("x{1000}\($0)", 2) })
        #expect(try message(adapter(["rank_pattern": keys])).contains("not that long all together"))
    }
}
