import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// A folder that Tests/Reference/peft_cases.py made with PEFT: an adapter and what PEFT computes with it.
struct PEFTCase: CustomTestStringConvertible, Sendable {
    let method: String
    let folder: String

    var testDescription: String { "\(method), \(URL(fileURLWithPath: folder).lastPathComponent)" }

    static let root = ParityCase.root + "/Tests/Fixtures/methods"
    static let all: [PEFTCase] = names(in: root).flatMap { method in
        names(in: root + "/" + method).map { PEFTCase(method: method, folder: root + "/\(method)/\($0)") }
    }

    private static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Without the rows (of B: columns) that AdaLoRA has pruned: PEFT cuts them out, Catena keeps them for training.
    func kept(_ values: [Float], shape: [Int], of name: String) throws -> [Float] {
        let configuration = try JSONDocument.read(path: folder + "/" + PEFT.configurationFile)
        guard let pattern = configuration["rank_pattern"], let tensor = name.range(of: ".lora_", options: .backwards),
            let mask = pattern[name[..<tensor.lowerBound].dropFirst(PEFT.prefix.count) + ".lora_E"]
        else { return values }
        let isKept = try mask.elements().map { try $0.bool() }
        let columns = shape[shape.count - 1]
        let dividesColumns = name.hasSuffix(".lora_B")
        return values.indices.filter { isKept[dividesColumns ? $0 % columns : $0 / columns] }.map { values[$0] }
    }

    /// The parity model that the folder's name begins with.
    var model: String {
        get throws {
            let name = URL(fileURLWithPath: folder).lastPathComponent
            let models = Self.names(in: ParityCase.root + "/Tests/Fixtures/parity")
            let found = try #require(
                models.filter { name == $0 || name.hasPrefix($0 + "-") }.max { $0.count < $1.count })
            return ParityCase.root + "/Tests/Fixtures/parity/\(found)/model"
        }
    }
}

/// Adapters as PEFT writes them are read as the method that they are, and compute what they compute there. Both sides use
/// float32 in different orders, which is worth about 10⁻⁶.
@Suite("Parity of the methods with PEFT")
struct PEFTParityTests {
    private static let logitTolerance = 1e-5
    private static let gradientTolerance = 1e-4
    /// PEFT's methods that Catena has.
    private static let listed = ["lora", "dora", "adalora", "bone", "bat", "vera", "ia3", "ln-tuning"]

    @Test("every method that PEFT has is among the cases", arguments: listed)
    func isListed(method: String) throws {
        #expect(PEFTCase.all.contains { $0.method == method })
        if let known = AdapterMethod.all.first(where: { $0.name == method }) { #expect(known.peftType != nil) }
    }

    @Test("every method with a form in PEFT's files has a case")
    func covered() {
        let cases = Set(PEFTCase.all.map(\.method))
        for method in AdapterMethod.all where method.peftType != nil {
            #expect(cases.contains(method.name), "\(method.name)")
        }
    }

    @Test(
        "logits and gradients of a trained adapter are PEFT's",
        arguments: PEFTCase.all.filter { row in AdapterMethod.all.contains { $0.name == row.method } })
    func computes(peftCase: PEFTCase) throws {
        let expected = try SafetensorsFile(path: peftCase.folder + "/expected.safetensors")
        let model = try LanguageModel.load(try peftCase.model, engine: Engine(threads: 1))
        let trainable = try model.loadAdapter(peftCase.folder)
        #expect(model.attached?.section.method == peftCase.method)
        let input = try ProbeInput(
            path: peftCase.folder + "/expected.safetensors", vocabularySize: model.configuration.vocabularySize)
        let probe = Probe(input, model: model, trainable: trainable)
        let logits = try #require(expected.tensors["logits"]).floats()
        #expect(normwiseError(probe.logits.elements(), logits) < Self.logitTolerance)
        let names = Set(expected.tensors.keys.filter { $0.hasPrefix("grad.") }.map { String($0.dropFirst(5)) })
        var compared: Set<String> = []
        for gradient in probe.gradients {
            let kept = try peftCase.kept(gradient.values, shape: gradient.shape, of: gradient.name)
            guard !kept.isEmpty else { continue }
            compared.insert(gradient.name)
            let error = normwiseError(kept, try #require(expected.tensors["grad." + gradient.name]).floats())
            #expect(error < Self.gradientTolerance, "\(gradient.name): \(error)")
        }
        #expect(compared == names)
    }

    @Test(
        "what is read from PEFT is written as PEFT wrote it",
        arguments: PEFTCase.all.filter { row in AdapterMethod.all.contains { $0.name == row.method } })
    func writes(peftCase: PEFTCase) throws {
        let model = try LanguageModel.load(try peftCase.model, engine: Engine(threads: 1))
        try model.loadAdapter(peftCase.folder)
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        let original = try Data(contentsOf: URL(fileURLWithPath: peftCase.folder + "/" + PEFT.weightsFile))
        #expect(Data(try content.writer.data()) == original)
        let file = try JSONDocument.read(path: peftCase.folder + "/" + PEFT.configurationFile)
        for (name, written) in content.configuration.json.objectValue ?? [:] where !Self.free.contains(name) {
            // Without a pattern AdaLoRA's matrices have all their ranks, which Catena writes out.
            if name == "rank_pattern", file[name] == nil { continue }
            #expect(
                written.compactText() == file[name]?.value.compactText() || written.isNull && file[name] == nil,
                "\(name)")
        }
    }

    /// What a file may say otherwise: the base model's name, and target modules, which are a set.
    private static let free: Set<String> = ["base_model_name_or_path", "target_modules", "feedforward_modules"]
}
