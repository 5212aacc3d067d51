import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// What a model is opened for, and what of its head is in the files.
@Suite("Heads that judge sequences")
struct SequenceHeadTests {
    private static let fixture = ParityCase.root + "/Tests/Fixtures/parity/bert"
    private let engine = Engine(threads: 1)

    /// The fixture with other tensors' names (nil: without the tensor) and other members of `config.json` (NSNull: without).
    private func folder(
        _ name: (String) -> String? = { $0 }, changing members: [String: Any] = [:]
    ) throws -> TinyFolder {
        let folder = try TinyFolder()
        var writer = SafetensorsWriter()
        let tensors = try SafetensorsFile(path: Self.fixture + "/model/model.safetensors").tensors
        for (old, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            if let new = name(old) { writer.append(new, shape: tensor.shape, .float32(try tensor.floats())) }
        }
        try writer.write(to: folder.path + "/model.safetensors")
        let source = URL(fileURLWithPath: Self.fixture + "/model/config.json")
        var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: source)) as? [String: Any])
        for (key, value) in members { json[key] = value is NSNull ? nil : value }
        try JSONSerialization.data(withJSONObject: json).write(
            to: URL(fileURLWithPath: folder.path + "/config.json"))
        return folder
    }

    private static var unlabelled: [String: Any] {
        [
            "id2label": NSNull(), "label2id": NSNull(), "num_labels": NSNull(), "architectures": ["BertModel"],
        ]
    }

    private func load(_ folder: TinyFolder, _ purpose: ModelPurpose) throws -> LanguageModel {
        try LanguageModel.load(folder.path, for: purpose, engine: engine)
    }

    private func message(_ members: [String: Any], _ purpose: ModelPurpose) throws -> String {
        let folder = try folder(changing: members)
        do {
            _ = try load(folder, purpose)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func scores(_ model: LanguageModel) throws -> [Float] {
        let input = try SequenceProbeInput(path: Self.fixture + "/expected.safetensors", model: model)
        return Probe(input, model: model).logits.elements()
    }

    @Test("names without the first part, and gamma and beta of old checkpoints, are the same model")
    func names() throws {
        let expected = try scores(try load(try folder(), ModelPurpose()))
        let bare = try folder { $0.replacing("bert.", with: "") }
        #expect(try scores(try load(bare, ModelPurpose())) == expected)
        let old = try folder {
            $0.replacing("LayerNorm.weight", with: "LayerNorm.gamma").replacing(
                "LayerNorm.bias", with: "LayerNorm.beta")
        }
        #expect(try scores(try load(old, ModelPurpose())) == expected)
    }

    @Test("a pooler and a classifier that are not there are made new, said, trained whole, saved and read again")
    func madeModules() throws {
        let folder = try folder(
            { $0.hasPrefix("classifier") || $0.contains("pooler") ? nil : $0 }, changing: Self.unlabelled)
        let purpose = ModelPurpose(task: .classification, labels: ["a", "b", "c"], seed: 5)
        let model = try load(folder, purpose)
        #expect(model.notes.contains { $0.contains("bert.pooler.dense and classifier are made new") })
        let adapter = try model.attachAdapters(AdapterMethod.lora.defaultSection, seed: 5)
        let set = ParameterSet(adapter.parameters, memory: engine.memory)
        let saved = [
            "bert.pooler.dense.weight [24, 24]", "bert.pooler.dense.bias [24]", "classifier.weight [3, 24]",
            "classifier.bias [3]",
        ]
        #expect(set.parameters.suffix(4).map { "\($0.name) \($0.shape)" } == saved.map { "base_model.model." + $0 })
        #expect(!model.adaptedLinears.contains { $0.path == "bert.pooler.dense" })
        for value in set.parameters.map(\.value) { value.pointer[0] += 0.25 }
        let expected = try scores(model)

        let output = try TinyFolder()
        try AdapterFiles.content(of: model, baseModel: "").write(to: output.path)
        let json = try JSONDocument.read(path: output.path + "/adapter_config.json")
        #expect(try json.optionalString("task_type") == "SEQ_CLS")
        #expect(try json.optionalStrings("modules_to_save") == ["classifier", "pooler"])
        let again = try load(folder, try ModelPurpose(adapter: output.path))
        try again.loadAdapter(output.path)
        #expect(try scores(again) == expected)
        #expect(again.notes == [])
    }

    @Test("an adapter that does not hold what the base does not have either is refused")
    func unknownModule() throws {
        let folder = try folder({ $0.contains("pooler") ? nil : $0 })
        let model = try load(folder, ModelPurpose())
        #expect {
            try model.loadAdapter(Self.fixture + "/adapter-init")
        } throws: {
            "\($0)".contains("neither it nor the model's files hold bert.pooler.dense")
        }
    }

    @Test("PEFT's names of saved modules in a whole state are read")
    func wholeStateNames() throws {
        let output = try TinyFolder()
        var writer = SafetensorsWriter()
        for (name, tensor) in try SafetensorsFile(path: Self.fixture + "/adapter-init/adapter_model.safetensors")
            .tensors
        {
            let live = name.replacing(".classifier.", with: ".classifier.modules_to_save.default.")
            writer.append(live, shape: tensor.shape, .float32(try tensor.floats()))
        }
        try writer.write(to: output.path + "/adapter_model.safetensors")
        try FileManager.default.copyItem(
            atPath: Self.fixture + "/adapter-init/adapter_config.json", toPath: output.path + "/adapter_config.json")
        let (first, second) = (try load(try folder(), ModelPurpose()), try load(try folder(), ModelPurpose()))
        try first.loadAdapter(Self.fixture + "/adapter-init")
        try second.loadAdapter(output.path)
        #expect(try scores(first) == scores(second))
    }

    @Test("a merged model has the classifier, its class and its labels")
    func merged() throws {
        let folder = try folder({ $0.hasPrefix("classifier") ? nil : $0 }, changing: Self.unlabelled)
        let model = try load(folder, ModelPurpose(task: .classification, labels: ["x", "y", "z"]))
        let set = ParameterSet(
            try model.attachAdapters(AdapterMethod.lora.defaultSection, seed: 1).parameters, memory: engine.memory)
        for value in set.parameters.map(\.value) { value.pointer[0] += 0.25 }
        let output = try TinyFolder()
        _ = try MergedModel.write(model, source: folder.path, to: output.path + "/merged")
        let merged = try LanguageModel.load(output.path + "/merged", engine: engine)
        #expect(merged.configuration.sequenceHead?.labels == ["x", "y", "z"])
        #expect(merged.notes == [])
        #expect(normwiseError(try scores(merged), try scores(model)) < 1e-6)
        let json = try JSONDocument.read(path: output.path + "/merged/config.json")
        #expect(try json.optionalStrings("architectures") == ["BertForSequenceClassification"])
    }

    @Test(
        "tasks that the model does not have, labels that nothing says and options that are not computed are refused by name"
    )
    func refused() throws {
        let classification = ModelPurpose(task: .classification)
        #expect(try message([:], ModelPurpose(task: .languageModel)).contains("the task is \"language-model\""))
        #expect(try message([:], ModelPurpose(task: .multiLabel)).contains("the task is \"multi-label\""))
        #expect(try message(["is_decoder": true], classification).contains("is_decoder is \"true\""))
        #expect(
            try message(["position_embedding_type": "relative_key"], classification)
                .contains("position_embedding_type is \"relative_key\""))
        #expect(try message(["hidden_act": "mish"], classification).contains("hidden_act is \"mish\""))
        #expect(try message(["id2label": ["0": "a", "2": "b"]], classification).contains("none with the number 1"))
        #expect(try message(["num_labels": 5], classification).contains("num_labels is 5"))
        #expect(try message([:], ModelPurpose(task: .regression)).contains("the number of labels for regression"))
        let named: [String: Any] = ["id2label": ["0": "a", "1": "b", "2": "c"]]
        #expect(
            try message(named, ModelPurpose(task: .classification, labels: ["c", "b", "a"]))
                .contains("the order of the labels"))
        let bare = try folder({ $0.hasPrefix("classifier") ? nil : $0 }, changing: Self.unlabelled)
        #expect {
            try load(bare, classification)
        } throws: {
            "\($0)".contains("nothing says which labels")
        }
    }

    @Test("modules to save that are none of the head, and objectives of tokens, are refused by name")
    func wrongUse() throws {
        let model = try load(try folder(), ModelPurpose())
        var section = AdapterMethod.lora.defaultSection
        section.savedModules = ["embeddings"]
        #expect {
            try model.attachAdapters(section, seed: 0)
        } throws: {
            "\($0)".contains("adapter.modules-to-save: embeddings does not fit; expected one of pooler, classifier")
        }
        let batch = Batch(
            inputIds: [1, 2], targets: [2, -100], layout: SequenceLayout(segmentStarts: [0, 2], positions: [0, 1]))
        #expect(throws: ModelError.self) { try model.losses([batch]) }
    }
}
