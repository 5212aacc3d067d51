import CatenaLearning
import CatenaFiles
import Foundation
import Testing

@Suite("Adapter verification")
struct AdapterVerificationTests {
    private func verify(_ files: ExportCase, recorded: String? = nil) throws -> AdapterVerification {
        try AdapterVerification(
            adapter: files.adapterPath, model: try files.model(),
            baseFingerprint: BaseFingerprint.of(try WeightFiles.open(files.modelPath)), recordedFingerprint: recorded)
    }

    private func failed(_ verification: AdapterVerification) -> [String] {
        verification.findings.filter { !$0.isPassed }.map(\.check)
    }

    @Test("a trained adapter passes, and its file is found equal to what is written again")
    func sound() throws {
        let verification = try verify(try ExportCase())
        #expect(verification.isPassed)
        #expect(verification.findings.contains { $0.detail.hasSuffix("the file equals the original") })
    }

    @Test("an untrained adapter passes and is called untrained")
    func untrained() throws {
        let verification = try verify(try ExportCase(trained: false))
        #expect(verification.isPassed)
        #expect(verification.findings.contains { $0.detail.contains("untrained") })
    }

    @Test("NaN is found")
    func notFinite() throws {
        let files = try ExportCase()
        let path = files.adapterPath + "/adapter_model.safetensors"
        var writer = SafetensorsWriter()
        for (index, tensor) in try SafetensorsFile(path: path).tensors.values.sorted(by: { $0.name < $1.name })
            .enumerated()
        {
            var values = try tensor.floats()
            if index == 1 { values[0] = .nan }
            writer.append(tensor.name, shape: tensor.shape, .float32(values))
        }
        try writer.write(to: path)
        #expect(failed(try verify(files)) == ["finite", "effect"])
    }

    @Test("another base than the recorded one is found")
    func otherBase() throws {
        let files = try ExportCase()
        let fingerprint = BaseFingerprint.of(try WeightFiles.open(files.modelPath))
        #expect(try verify(files, recorded: fingerprint).isPassed)
        #expect(failed(try verify(files, recorded: String(repeating: "0", count: 64))) == ["base"])
    }
}
