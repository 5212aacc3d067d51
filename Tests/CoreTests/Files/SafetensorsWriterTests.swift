import CatenaFiles
import Foundation
import Testing

@Suite("Safetensors writer") struct SafetensorsWriterTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    @Test("tensors of a Hugging Face file are written back with the same bytes")
    func sameBytesAsReference() throws {
        for name in ["safetensors/mixed.safetensors", "gguf/blocks.safetensors"] {
            let path = filesFixture(name)
            let file = try SafetensorsFile(path: path)
            var writer = SafetensorsWriter(metadata: file.metadata)
            for tensor in file.tensors.values {
                writer.append(tensor.name, shape: tensor.shape, .stored(tensor))
            }
            #expect(try Data(writer.data()) == Data(contentsOf: URL(fileURLWithPath: path)), "\(name)")
        }
    }

    @Test("what is written is read back, and file and memory have the same bytes")
    func roundTrip() throws {
        let floats: [Float] = [1, -2.5, .pi, 1e-30, -0.0, 3e38]
        var writer = SafetensorsWriter()
        writer.append("b", shape: [2, 3], .float32(floats))
        writer.append("c", shape: [2], .int64([.min, .max]))
        writer.append(
            "half", shape: [6], .bytes(.float16, NarrowFloats.float16Bytes([1, -2.5, 0.1, 65504, 1e6, 6e-8])))
        writer.append("a", shape: [3], .generated { () throws(FileError) in [4, 5, 6] })
        let path = folder.path + "/out.safetensors"
        try writer.write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(writer.data()))
        #expect(folder.fileNames == ["out.safetensors"])

        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt"])
        #expect(try file.tensors["b"]?.floats().map(\.bitPattern) == floats.map(\.bitPattern))
        #expect(try file.tensors["c"]?.integers() == [.min, .max])
        #expect(try file.tensors["a"]?.floats() == [4, 5, 6])
        #expect(try file.tensors["half"]?.floats() == [1, -2.5, 0.0999755859375, 65504, .infinity, 0x1p-24])
    }

    @Test("the order of calls does not change the bytes")
    func orderIndependent() throws {
        let tensors: [(name: String, shape: [Int], values: SafetensorsValues)] = [
            ("x", [1], .float32([1])), ("y", [2], .int64([1, 2])), ("w", [2], .float32([3, 4])),
        ]
        #expect(
            try SafetensorsWriter.data(tensors: tensors)
                == SafetensorsWriter.data(tensors: tensors.reversed()))
    }

    @Test("a generator that fails leaves neither the file nor a temporary one")
    func failingGenerator() throws {
        var writer = SafetensorsWriter()
        writer.append(
            "a", shape: [1], .generated { () throws(FileError) in throw .missing(path: "elsewhere") })
        #expect(throws: FileError.missing(path: "elsewhere")) { try writer.write(to: folder.path + "/out") }
        #expect(folder.fileNames == [])
    }

    @Test("bfloat16 rounds to nearest even and keeps NaN")
    func bfloat16() {
        func bits(_ pattern: UInt32) -> UInt16 {
            let bytes = NarrowFloats.bfloat16Bytes([Float(bitPattern: pattern)])
            return UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        }
        #expect(bits(0x3F80_8000) == 0x3F80)
        #expect(bits(0x3F81_8000) == 0x3F82)
        #expect(bits(0x3F80_8001) == 0x3F81)
        #expect(bits(0x7F7F_FFFF) == 0x7F80)
        #expect(bits(0x7F80_0001) == 0x7FC0)
        #expect(bits(0xFF80_0000) == 0xFF80)
    }
}
