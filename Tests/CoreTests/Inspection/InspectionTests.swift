import CatenaLearning
import CatenaFiles
import Foundation
import Testing

@Suite("Inspection")
struct InspectionTests {
    private func fact(_ name: String, _ inspection: Inspection) -> JSONValue? {
        inspection.facts.first { $0.name == name }?.value
    }

    @Test("a model's shape, counts and encodings")
    func model() throws {
        let files = try ExportCase()
        let inspection = try Inspection(path: files.modelPath + "/")
        #expect(inspection.kind == .model)
        #expect(fact("layers", inspection) == 2)
        #expect(fact("family", inspection) == "llama")
        // Embedding and head 13 x 8; two layers of q 16x8, k, v 8x8, o 8x16, three of 12x8, two norms; the last norm.
        let layer = 16 * 8 + 2 * 8 * 8 + 8 * 16 + 3 * 12 * 8 + 2 * 8
        #expect(fact("parameters", inspection) == .integer(2 * 13 * 8 + 2 * layer + 8))
        #expect(fact("parameters_by_encoding", inspection)?["float32"] == fact("parameters", inspection))
    }

    @Test("an adapter's rank and layers; the JSON lists every tensor")
    func json() throws {
        let files = try ExportCase()
        let inspection = try Inspection(path: files.adapterPath)
        #expect(fact("r", inspection) == 2)
        #expect(fact("layers", inspection) == 14)
        #expect(inspection.json["tensor_list"]?.arrayValue?.count == 28)
        #expect(inspection.json["kind"] == "adapter")
        #expect(inspection.text(listsTensors: true).split(separator: "\n").count > 28)
    }

    @Test("nothing, an unknown folder and a damaged file are refused")
    func refused() throws {
        let folder = try TinyFolder()
        #expect(throws: FileError.missing(path: "/does/not/exist")) { try Inspection(path: "/does/not/exist") }
        #expect(throws: FileError.self) { try Inspection(path: folder.path) }
        let file = try folder.write("x.safetensors", "short")
        #expect(throws: FileError.self) { try Inspection(path: file) }
    }
}
