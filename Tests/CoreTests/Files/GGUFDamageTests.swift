import CatenaFiles
import Foundation
import Testing

@Suite("Damaged GGUF files") struct GGUFDamageTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    private func error(_ bytes: [UInt8]) throws -> FileError? {
        let path = try folder.file("x.gguf", bytes)
        return fileError { _ = try GGUFFile(path: path) }
    }

    private func reason(_ bytes: [UInt8]) throws -> String {
        switch try error(bytes) {
        case .malformed(_, _, let reason)?, .malformedTensor(_, _, let reason)?: reason
        case let other: "\(other.map(String.init(describing:)) ?? "accepted")"
        }
    }

    private func text(_ text: String) -> [UInt8] {
        littleEndianBytes(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    private func head(version: UInt32 = 3, tensors: UInt64 = 0, metadata: UInt64 = 0) -> [UInt8] {
        Array("GGUF".utf8) + littleEndianBytes(version) + littleEndianBytes(tensors)
            + littleEndianBytes(metadata)
    }

    /// A file of float32 tensors of 8 numbers each, described as given.
    private func file(
        _ infos: [(name: String, dimensions: [UInt64], type: UInt32, offset: UInt64)], dataBytes: Int = 64
    ) -> [UInt8] {
        var bytes = head(tensors: UInt64(infos.count))
        for info in infos {
            bytes += text(info.name) + littleEndianBytes(UInt32(info.dimensions.count))
            for dimension in info.dimensions { bytes += littleEndianBytes(dimension) }
            bytes += littleEndianBytes(info.type) + littleEndianBytes(info.offset)
        }
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + dataBytes)
        return bytes
    }

    @Test("bad magic and versions are named")
    func magicAndVersion() throws {
        #expect(try reason(Array("GGML".utf8) + [3, 0, 0, 0]) == "it does not start with \"GGUF\"")
        #expect(try reason(head(version: 1)) == "GGUF version 1 is not supported; versions 2 and 3 are")
        #expect(try reason(head(version: 4)).contains("version 4"))
        #expect(try reason(head(version: 3 << 24)).contains("big-endian"))
        #expect(
            try error([])
                == .truncated(
                    path: folder.path + "/x.gguf", what: "the magic number", neededBytes: 4, actualBytes: 0))
    }

    @Test(
        "counts beyond the file are refused before anything is allocated",
        arguments: [UInt64.max, 1 << 62, 1 << 33, 10])
    func absurdCounts(count: UInt64) throws {
        #expect(try reason(head(tensors: count)).contains("the number of tensors is \(count)"))
        #expect(try reason(head(metadata: count)).contains("the number of metadata entries is \(count)"))
        let key = head(metadata: 1) + littleEndianBytes(count) + [UInt8](repeating: 65, count: 5)
        #expect(try reason(key).contains("the length of a metadata key is \(count)"))
        let array =
            head(metadata: 1) + text("k") + littleEndianBytes(UInt32(9)) + littleEndianBytes(UInt32(8))
            + littleEndianBytes(count)
        #expect(try reason(array + [0, 0, 0, 0]).contains("the value of \"k\" is \(count)"))
    }

    @Test("bad metadata are refused")
    func badMetadata() throws {
        let type13 =
            head(metadata: 1) + text("k") + littleEndianBytes(UInt32(13)) + [UInt8](repeating: 0, count: 8)
        #expect(try reason(type13).contains("the type of \"k\" is 13"))
        let twice =
            head(metadata: 2) + (text("k") + littleEndianBytes(UInt32(0)) + [1])
            + (text("k") + littleEndianBytes(UInt32(0)) + [1])
        #expect(try reason(twice).contains("\"k\" appears twice"))
        let flag = head(metadata: 1) + text("k") + littleEndianBytes(UInt32(7)) + [2]
        #expect(try reason(flag).contains("not false or true"))
        let utf8 =
            head(metadata: 1) + text("k") + littleEndianBytes(UInt32(8)) + littleEndianBytes(UInt64(2)) + [
                0xC3, 0x28,
            ]
        #expect(try reason(utf8).contains("not valid UTF-8"))
        let huge =
            head(metadata: 1) + text("k") + littleEndianBytes(UInt32(10)) + littleEndianBytes(UInt64.max)
        #expect(try reason(huge).contains("too large"))
        let alignment =
            head(metadata: 1) + text("general.alignment") + littleEndianBytes(UInt32(4))
            + littleEndianBytes(UInt32(24))
        #expect(try reason(alignment).contains("must be a power of two"))
        var nested = head(metadata: 1) + text("k") + littleEndianBytes(UInt32(9))
        for _ in 0..<50 { nested += littleEndianBytes(UInt32(9)) + littleEndianBytes(UInt64(1)) }
        #expect(try reason(nested + [UInt8](repeating: 0, count: 12)).contains("nests arrays"))
    }

    @Test("bad tensor descriptions name the tensor")
    func badTensors() throws {
        #expect(try error(file([("w", [8], 0, 0), ("v", [8], 0, 32)])) == nil)
        #expect(try reason(file([("w", [8], 99, 0)])).contains("type number 99"))
        #expect(try reason(file([("w", [8], 10, 0)])).contains("type number 10"))
        #expect(try reason(file([("w", [], 0, 0)])).contains("has 0 dimensions"))
        #expect(try reason(file([("w", [1, 1, 1, 1, 1], 0, 0)])).contains("has 5 dimensions"))
        #expect(try reason(file([("w", [UInt64.max], 0, 0)])).contains("impossible dimension"))
        #expect(try reason(file([("w", [1 << 40, 1 << 40], 0, 0)])).contains("cannot have shape"))
        #expect(try reason(file([("w", [48], 2, 0)])).contains("cannot have shape [48] in encoding q4_0"))
        #expect(try reason(file([("w", [8], 0, 16)])).contains("no multiple of the alignment 32"))
        #expect(try reason(file([("w", [8], 0, 64)])).contains("may be truncated"))
        #expect(try reason(file([("w", [8], 0, UInt64.max - 31)])).contains("may be truncated"))
        #expect(
            try reason(file([("w", [16], 0, 0), ("v", [8], 0, 32)])) == "overlaps the bytes of tensor \"w\"")
        #expect(try reason(file([("w", [8], 0, 0), ("w", [8], 0, 32)])).contains("\"w\" appears twice"))
        guard case .malformedTensor(_, "the.name", _)? = try error(file([("the.name", [8], 0, 96)])) else {
            Issue.record("the tensor is not named")
            return
        }
    }

    @Test("every truncation of a good file is refused and no changed byte of its head crashes")
    func fuzz() throws {
        let good = try Array(Data(contentsOf: URL(fileURLWithPath: filesFixture("gguf/blocks.gguf"))))
        // The last tensor ends at most one alignment before the end of the file.
        for count in stride(from: 0, to: good.count - 64, by: 7) {
            #expect(try error(Array(good.prefix(count))) != nil, "\(count) bytes")
        }
        var refused = 0
        for position in 0..<1600 {
            var bytes = good
            bytes[position] ^= 0x41
            let path = try folder.file("flip.gguf", bytes)
            do {
                for tensor in try GGUFFile(path: path).tensors.values { _ = try tensor.floats() }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 400)
    }
}
