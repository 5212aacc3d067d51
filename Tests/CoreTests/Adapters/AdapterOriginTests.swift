import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

@Suite("Where adapters come from")
struct AdapterOriginTests {
    private let engine = Engine(threads: 1)
    private static let fixture = ParityCase.root + "/Tests/Fixtures/parity/llama-gqa"

    private func logits(_ model: LanguageModel) -> [Float] {
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        return model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    @Test(
        "a run begins with the folder that a run of the same method wrote",
        arguments: MethodCase.all.filter { testCase in
            AdapterMethod.all.contains { $0.name == testCase.method && $0.commonKeys.contains(.initial) }
        })
    func everyMethod(testCase: MethodCase) throws {
        let model = try TinyModel.make(engine: engine, testCase.model)
        let made = try model.attachAdapters(try testCase.section, seed: 3)
        let set = ParameterSet(made.parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        let folder = try TinyFolder()
        try AdapterFiles.content(of: model, baseModel: "/m").write(
            to: folder.path, origin: AdapterOrigin(baseFingerprint: "f"), of: made)
        let next = try TinyModel.make(engine: engine, testCase.model)
        let fresh = try next.attachAdapters(try testCase.section, seed: 99)
        _ = ParameterSet(fresh.parameters, memory: engine.memory)
        try next.initialiseFromWeights()
        try next.readInitialAdapter(folder.path, section: try testCase.section)
        #expect(normwiseError(logits(next), logits(model)) < 1e-6)
        #expect(try AdapterOrigin(folder: folder.path)?.baseFingerprint == "f")
    }

    @Test("ranks and alphas of single layers of such a folder become the run's")
    func patterns() throws {
        let source = try TinyFolder()
        try source.write(
            PEFT.configurationFile,
            #"{"peft_type":"LORA","r":2,"lora_alpha":3,"rank_pattern":{"q_proj":4},"target_modules":"all-linear"}"#)
        let section = try PEFTConfiguration(folder: source.path).section
        let model = try TinyModel.make(engine: engine)
        let made = try model.attachAdapters(section, seed: 3)
        TinyModel.addNoise(to: ParameterSet(made.parameters, memory: engine.memory), standardDeviation: 0.2)
        let folder = try TinyFolder()
        try AdapterFiles.content(of: model, baseModel: "").write(to: folder.path)
        var plain = AdapterMethod.lora.defaultSection
        (plain.rank, plain.alpha, plain.initialAdapter) = (2, 3, folder.path)
        let whole = try plain.withPatternsOfInitialAdapter(acceptsTransposed: false)
        let next = try TinyModel.make(engine: engine)
        _ = ParameterSet(try next.attachAdapters(whole, seed: 9).parameters, memory: engine.memory)
        try next.readInitialAdapter(folder.path, section: whole)
        #expect(logits(next) == logits(model))
    }

    @Test("a plain LoRA is no beginning for a method whose tensors do not follow from it")
    func plain() throws {
        var section = AdapterMethod.linChain.defaultSection
        (section.rank, section.alpha) = (2, 3)
        let model = try TinyModel.make(engine: engine)
        _ = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        let folder = try TinyFolder()
        let content = try AdapterFiles.content(of: model, baseModel: "")
        try content.write(to: folder.path)
        #expect {
            try model.readInitialAdapter(folder.path, section: section)
        } throws: {
            "\($0)".contains("a plain LoRA, from which the tensors of linchain do not follow")
        }
        try content.write(to: folder.path, origin: AdapterOrigin(baseFingerprint: "f"), of: model.attached)
        try model.readInitialAdapter(folder.path, section: section)
        try SafetensorsWriter.data(tensors: [("a", [1], .float32([1]))]).withUnsafeBytes { bytes in
            try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/" + PEFT.weightsFile))
        }
        #expect(throws: AdapterError.self) { try model.readInitialAdapter(folder.path, section: section) }
    }

    @Test("another base of the same shape is noted")
    func otherBase() throws {
        let model = try LanguageModel.load(Self.fixture + "/model", engine: engine)
        try model.loadAdapter(Self.fixture + "/adapter-init")
        let own = BaseFingerprint.of(try WeightFiles.open(Self.fixture + "/model"))
        let folder = try TinyFolder()
        func notes(_ fingerprint: String) throws -> [String] {
            try AdapterFiles.content(of: model, baseModel: "").write(
                to: folder.path, origin: AdapterOrigin(baseFingerprint: fingerprint), of: nil)
            let loaded = try LanguageModel.load(Self.fixture + "/model", engine: engine)
            try loaded.loadAdapter(folder.path)
            return loaded.notes
        }
        #expect(try notes(own).isEmpty)
        let found = try notes("0123456789abcdef")
        #expect(
            found.count == 1 && found[0].contains("was trained on a base with fingerprint 0123456789ab"), "\(found)")
    }

    @Test(
        "a base is found from its path from the root, or from the adapter's folder",
        arguments: [
            ("/a/b/model", "/a/runs/x/adapter", "../../../b/model"), ("/m", "/m/run/adapter", "../.."),
            ("/m/x", "/m", "x"),
        ])
    func relative(base: String, folder: String, expected: String) {
        #expect(BasePath.relative(base, from: folder) == expected)
        #expect(BasePath.absolute(folder + "/" + expected) == base)
    }
}
