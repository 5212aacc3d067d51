import CatenaFiles
import Foundation
import Testing

@Suite("GGUF reader and writer") struct GGUFFileTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    @Test("every encoding decodes bit for bit as the gguf package dequantises it")
    func decodesLikeReference() throws {
        let file = try GGUFFile(path: filesFixture("gguf/blocks.gguf"))
        let expected = try SafetensorsFile(path: filesFixture("gguf/blocks.safetensors"))
        #expect(file.tensors.keys.sorted() == expected.tensors.keys.sorted())
        let encodings = Set(file.tensors.values.map(\.encoding))
        #expect(
            encodings == [
                .float32, .float16, .bfloat16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K,
            ])
        for (name, tensor) in file.tensors {
            let reference = try #require(expected.tensors[name])
            #expect(tensor.shape == reference.shape)
            let found = try tensor.floats(), wanted = try reference.floats()
            let differing = zip(found, wanted).filter { $0.bitPattern != $1.bitPattern && $0 != $1 }
            #expect(found.count == wanted.count && differing.isEmpty, "\(name): \(differing.count) differ")
        }
    }

    @Test(
        "rows from the middle of a quantised tensor equal those rows of the whole",
        arguments: ["q4_1", "q6_K"])
    func rows(name: String) throws {
        let tensor = try #require(try GGUFFile(path: filesFixture("gguf/blocks.gguf")).tensors[name])
        var rows = [Float](repeating: 0, count: 2 * tensor.rowLength)
        try rows.withUnsafeMutableBufferPointer {
            try tensor.decodeRows(1..<3, into: #require($0.baseAddress))
        }
        #expect(try rows == Array(tensor.floats().suffix(2 * tensor.rowLength)))
    }

    @Test("all float16 values widen exactly")
    func float16() throws {
        var writer = GGUFWriter()
        let patterns = (0...UInt16.max).map { $0 }
        writer.append(
            "half", shape: [256, 256], encoding: .float16, bytes: patterns.flatMap { littleEndianBytes($0) })
        let path = try folder.file("half.gguf", writer.data())
        let found = try #require(try GGUFFile(path: path).tensors["half"]).floats()
        for (pattern, value) in zip(patterns, found) {
            let exact = Float(Float16(bitPattern: pattern))
            if exact.isNaN ? !value.isNaN : exact.bitPattern != value.bitPattern {
                Issue.record("\(pattern) gave \(value), not \(exact)")
            }
        }
    }

    @Test("metadata of every type are read")
    func metadata() throws {
        let metadata = try GGUFFile(path: filesFixture("gguf/blocks.gguf")).metadata
        #expect(metadata["general.architecture"] == .string("llama"))
        #expect(metadata["general.alignment"] == .integer(64))
        #expect(metadata["text"] == .string("naïve ✓"))
        #expect(metadata["flag"] == .bool(true))
        let integers: [String: Int64] = [
            "uint8": 200, "int8": -100, "uint16": 60000, "int16": -30000, "uint32": 4_000_000_000,
            "int32": -2_000_000_000, "uint64": 1 << 60, "int64": -(1 << 60),
        ]
        for (key, value) in integers { #expect(metadata[key] == .integer(value), "\(key)") }
        #expect(metadata["float32"] == .float(0.5))
        #expect(metadata["float64"] == .float(1e-300))
        #expect(metadata["strings"] == .array([.string("a"), .string(""), .string("ć")]))
        #expect(metadata["numbers"] == .array([.integer(1), .integer(-2), .integer(3)]))
        guard case .elements(let numbers)? = metadata["numbers"] else {
            Issue.record("no array of numbers")
            return
        }
        #expect(numbers.count == 3)
        for _ in 0..<2 { #expect(Array(numbers) == [.integer(1), .integer(-2), .integer(3)], "as often as one likes") }
        #expect(metadata["nested"] == .array([.array([.integer(1), .integer(2)]), .array([.integer(3)])]))
    }

    @Test("what is written is read back, in any alignment", arguments: [8, 32, 64])
    func roundTrip(alignment: Int) throws {
        var writer = GGUFWriter(alignment: alignment)
        let entries: [(String, GGUFValue)] = [
            ("general.type", .string("adapter")), ("adapter.lora.alpha", .float(16)), ("count", .integer(7)),
            ("negative", .integer(-7)), ("large", .integer(1 << 40)), ("on", .bool(false)),
            ("list", .array([.integer(-1), .integer(2)])), ("names", .array([.string("x"), .string("y")])),
        ]
        for (key, value) in entries { writer.setMetadata(key, value) }
        writer.append("a.lora_a", shape: [2, 3], float32: [1, 2, 3, 4, 5, 6])
        writer.append("a.lora_b", shape: [3], float16: [0.5, -1, 2])
        let path = folder.path + "/out.gguf"
        try writer.write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(writer.data()))

        let file = try GGUFFile(path: path)
        for (key, value) in entries { #expect(file.metadata[key] == value, "\(key)") }
        let a = try #require(file.tensors["a.lora_a"])
        #expect(a.shape == [2, 3] && a.byteOffset % alignment == 0)
        #expect(try a.floats() == [1, 2, 3, 4, 5, 6])
        #expect(try file.tensors["a.lora_b"]?.floats() == [0.5, -1, 2])
    }

    @Test("version 2 is read as version 3 is")
    func version2() throws {
        var writer = GGUFWriter()
        writer.append("w", shape: [1], float32: [3])
        var bytes = writer.data()
        bytes[4] = 2
        let file = try GGUFFile(path: folder.file("v2.gguf", bytes))
        #expect(file.version == 2)
        #expect(try file.tensors["w"]?.floats() == [3])
    }
}
