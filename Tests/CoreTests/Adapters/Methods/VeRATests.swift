import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("VeRA")
struct VeRATests {
    private let engine = Engine(threads: 1)

    private func attached(rank: Int = 3, seed: UInt64 = 3) throws -> (model: LanguageModel, set: ParameterSet) {
        let model = try TinyModel.make(engine: engine)
        let adapter = try model.attachAdapters(try MethodTest.section("vera", rank: rank, dropout: 0.25), seed: seed)
        return (model, ParameterSet(adapter.parameters, memory: engine.memory))
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        return model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    @Test("values and names are those of PEFT")
    func start() throws {
        let (model, set) = try attached(rank: 40)
        let buffers = try #require(model.attached).buffers
        #expect(buffers.map(\.name) == ["base_model.vera_A", "base_model.vera_B"])
        #expect(buffers.map(\.shape) == [[40, 16], [16, 40]])
        for (buffer, fanIn) in zip(buffers, [16.0, 40.0]) {
            // nn.init.kaiming_uniform with gain √2: ±√3 · √2 / √fan-in.
            let bound = Float((6 / fanIn).squareRoot())
            let values = buffer.value.elements()
            #expect(values.allSatisfy { abs($0) <= bound } && values.contains { abs($0) > 0.98 * bound })
        }
        #expect(set.parameters[0].name == "base_model.model.model.layers.0.self_attn.q_proj.vera_lambda_b")
        #expect(set.parameters[1].name == "base_model.model.model.layers.0.self_attn.q_proj.vera_lambda_d")
        #expect(set.parameters[0].value.elements().allSatisfy { $0 == 0 })
        #expect(set.parameters[1].value.elements().allSatisfy { $0 == 0.1 })
        let seeds = try [3, 4].map { try #require(attached(seed: $0).model.attached).buffers[0].value.elements() }
        #expect(seeds[0] != seeds[1])
    }

    @Test("files have PEFT's names and members; the random matrices are in them")
    func files() throws {
        let (model, set) = try attached()
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        let folder = try TinyFolder()
        let content = try AdapterFiles.content(of: model, baseModel: "base")
        try content.write(to: folder.path)
        let json = try JSONDocument.read(path: folder.path + "/adapter_config.json")
        #expect(try json.require("peft_type").string() == "VERA")
        #expect(try json.require("r").int() == 3)
        #expect(try json.require("vera_dropout").double() == 0.25)
        #expect(try json.require("d_initial").double() == 0.1)
        #expect(try json.require("save_projection").bool())
        let file = try SafetensorsFile(path: folder.path + "/adapter_model.safetensors")
        #expect(file.tensors.count == 2 + 2 * 14)
        #expect(file.tensors["base_model.vera_A"]?.shape == [3, 16])
        #expect(file.tensors["base_model.vera_B"]?.shape == [16, 3])
        #expect(file.tensors["base_model.model.model.layers.1.mlp.up_proj.vera_lambda_b"]?.shape == [12])
        let loaded = try TinyModel.make(engine: engine)
        try loaded.loadAdapter(folder.path)
        #expect(loaded.attached?.section.method == "vera" && loaded.attached?.section.dropout == 0.25)
        #expect(logits(loaded) == logits(model))
    }

    @Test("a file without its random matrices is refused")
    func noProjections() throws {
        let folder = try TinyFolder()
        try folder.write(
            "adapter_config.json",
            #"{"peft_type": "VERA", "r": 3, "target_modules": ["q_proj"], "save_projection": false}"#)
        #expect {
            try PEFTConfiguration(folder: folder.path)
        } throws: {
            "\($0)".contains("save_projection is false") && "\($0)".contains("expected true")
        }
    }

    @Test("PEFT's defaults where a file says nothing")
    func defaults() throws {
        let folder = try TinyFolder()
        try folder.write("adapter_config.json", #"{"peft_type": "VERA", "r": 5, "target_modules": ["q_proj"]}"#)
        let section = try PEFTConfiguration(folder: folder.path).section
        #expect(section.method == "vera" && section.rank == 5 && section.dropout == 0)
        #expect(section.option("d-initial") == .number(0.1))
        #expect(try AdapterMethod.named("vera").defaultSection.rank == 256)
    }

    @Test("counts: r + out for each layer")
    func counts() throws {
        let targets = AdapterSection.Targets.names(["q_proj", "v_proj"])
        let section = try MethodTest.section("vera", rank: 256, targets: targets)
        #expect(try MethodTest.llama2(section) == 64 * (256 + 4096))
        #expect(try MethodTest.llama3(section) == 32 * (2 * 256 + 4096 + 1024))
    }
}
