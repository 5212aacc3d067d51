import CatenaCore
import Foundation
import Testing

/// A folder that Tests/Reference/method_cases.py made with PEFT.
struct PEFTCase: CustomTestStringConvertible, Sendable {
    let folder: String
    var testDescription: String { URL(fileURLWithPath: folder).lastPathComponent }

    static let committed: [PEFTCase] = {
        let root = ParityCase.root + "/Tests/Fixtures/methods/"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().map { PEFTCase(folder: root + $0) }.filter {
            FileManager.default.fileExists(atPath: $0.folder + "/model.txt")
        }
    }()

    func model() throws -> LanguageModel {
        let name = try String(contentsOfFile: folder + "/model.txt", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return try LanguageModel.load(
            ParityCase.root + "/Tests/Fixtures/parity/\(name)/model", engine: Engine(threads: 1))
    }
}

/// Adapters of other kinds than plain LoRA as PEFT writes them, and what PEFT computes from them. Both sides compute in float32
/// in different orders; the bounds are those of the parity cases.
@Suite("Other adapters of PEFT")
struct MethodFilesTests {
    @Test("the fixtures are there")
    func fixtures() {
        #expect(PEFTCase.committed.count >= 4)
    }

    @Test("logits and gradients are PEFT's", arguments: PEFTCase.committed)
    func parity(_ peftCase: PEFTCase) throws {
        let model = try peftCase.model()
        let path = peftCase.folder + "/expected.safetensors"
        let expected = try SafetensorsFile(path: path)
        let trainable = try model.loadAdapterWithoutDropout(peftCase.folder + "/adapter")
        let input = try ProbeInput(path: path, vocabularySize: model.configuration.vocabularySize)
        let probe = Probe(input, model: model, trainable: trainable)
        let logits = try #require(expected.tensors["logits"]).floats()
        #expect(normwiseError(probe.logits.elements(), logits) < 1e-5)
        var compared: Set<String> = []
        for gradient in probe.gradients {
            // PEFT has no tensors for layers without a rank.
            guard let reference = expected.tensors["grad." + gradient.name] else { continue }
            compared.insert("grad." + gradient.name)
            let found = inUse(gradient.values, shape: gradient.shape, like: reference.shape, in: model, gradient.name)
            let error = normwiseError(found, try reference.floats())
            #expect(error < 1e-4 || found.isEmpty, "\(gradient.name): \(error)")
        }
        #expect(compared == Set(expected.tensors.keys.filter { $0.hasPrefix("grad.") }))
    }

    /// The part of a gradient that belongs to ranks in use, which is all that a file holds.
    private func inUse(
        _ values: [Float], shape: [Int], like other: [Int], in model: LanguageModel, _ name: String
    ) -> [Float] {
        guard shape != other,
            let adapter = model.adaptedLinears.first(where: { name.contains("." + $0.path + ".") })?.adapter as? AdaLoRA
        else { return values }
        let isKept = adapter.isKept
        let columns = shape[1]
        let hasRanksAsRows = shape[0] == isKept.count
        return values.indices.filter { isKept[hasRanksAsRows ? $0 / columns : $0 % columns] }.map { values[$0] }
    }

    @Test("a file of PEFT is written again with the same tensors, byte for byte", arguments: PEFTCase.committed)
    func roundTrip(_ peftCase: PEFTCase) throws {
        let model = try peftCase.model()
        try model.loadAdapter(peftCase.folder + "/adapter")
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        let original = try Data(contentsOf: URL(fileURLWithPath: peftCase.folder + "/adapter/" + PEFT.weightsFile))
        #expect(Data(try content.writer.data()) == original)
        let file = try JSONDocument.read(path: peftCase.folder + "/adapter/" + PEFT.configurationFile)
        let names = [
            "r", "lora_alpha", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "init_r",
            "target_r", "tinit", "tfinal", "deltaT", "total_step", "beta1", "beta2", "orth_reg_weight",
        ]
        for name in names {
            guard let written = content.configuration.json[name] else { continue }
            #expect(written == file[name]?.value, "\(name)")
        }
    }
}
