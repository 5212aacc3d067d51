import CatenaFiles
import Foundation
import Testing

@Suite("Safetensors reader") struct SafetensorsFileTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    private func open(header: String, data byteCount: Int, name: String = "x.safetensors") throws
        -> SafetensorsFile
    {
        let text = Array(header.utf8)
        let bytes = littleEndianBytes(UInt64(text.count)) + text + [UInt8](repeating: 0, count: byteCount)
        return try SafetensorsFile(path: folder.file(name, bytes))
    }

    private func tensorFault(header: String, data byteCount: Int) -> (tensor: String, reason: String)? {
        guard
            case .malformedTensor(_, let tensor, let reason)? = fileError({
                _ = try open(header: header, data: byteCount)
            })
        else { return nil }
        return (tensor, reason)
    }

    private func fault(header: String, data byteCount: Int) -> (offset: Int, reason: String)? {
        guard
            case .malformed(_, let offset, let reason)? = fileError({
                _ = try open(header: header, data: byteCount)
            })
        else { return nil }
        return (offset, reason)
    }

    @Test("a file of the Hugging Face library gives every plain encoding's numbers")
    func readsAllEncodings() throws {
        let file = try SafetensorsFile(path: filesFixture("safetensors/mixed.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.tensors.count == 14)
        let values: [Float] = [0, -1.5, 3, 100, 7, 127]
        for name in ["z.float32", "float16", "bfloat16", "float64"] {
            let tensor = try #require(file.tensors[name])
            #expect(tensor.shape == [2, 3])
            #expect(try tensor.floats() == values, "\(name)")
        }
        for name in ["int64", "int32", "int16", "int8"] {
            let tensor = try #require(file.tensors[name])
            #expect(try tensor.integers() == [0, -1, 3, 100, 7, 127], "\(name)")
            #expect(try tensor.floats() == [0, -1, 3, 100, 7, 127], "\(name)")
        }
        #expect(try file.tensors["uint8"]?.integers() == [0, 1, 3, 100, 7, 127])
        #expect(try file.tensors["bool"]?.integers() == [0, 0, 1, 1, 1, 1])
        #expect(try file.tensors["bool"]?.floats() == [0, 0, 1, 1, 1, 1])
        let scalar = try #require(file.tensors["scalar"])
        #expect(scalar.shape == [] && scalar.rowCount == 1 && scalar.rowLength == 1)
        #expect(try scalar.floats() == [2.5])
        let empty = try #require(file.tensors["empty"])
        #expect(empty.shape == [0, 4] && empty.rowCount == 0)
        #expect(try empty.floats() == [])
        #expect(try file.tensors["quoted \"é\"\n"]?.floats() == [1])
    }

    @Test("single rows decode alone, and aligned float32 is readable in place")
    func rows() throws {
        let file = try SafetensorsFile(path: filesFixture("safetensors/mixed.safetensors"))
        let tensor = try #require(file.tensors["z.float32"])
        var row: [Float] = [0, 0, 0]
        try row.withUnsafeMutableBufferPointer { buffer in
            try tensor.decodeRows(1..<2, into: #require(buffer.baseAddress))
        }
        #expect(row == [100, 7, 127])
        let mapped = try #require(tensor.mappedFloats)
        #expect((0..<6).map { mapped[$0] } == [0, -1.5, 3, 100, 7, 127])
        #expect(file.tensors["float16"]?.mappedFloats == nil)
    }

    @Test("numbers at an odd address are read correctly and not lent in place")
    func unaligned() throws {
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#
        let padded = Array(header.utf8) + [UInt8](repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
        let data: [UInt8] =
            [7] + littleEndianBytes(Float(1.25).bitPattern) + littleEndianBytes(Float(-3).bitPattern)
        let path = try folder.file("u.safetensors", littleEndianBytes(UInt64(padded.count)) + padded + data)
        let tensor = try #require(try SafetensorsFile(path: path).tensors["b"])
        #expect(tensor.mappedFloats == nil)
        #expect(try tensor.floats() == [1.25, -3])
    }

    @Test("integers of a float tensor and a wrong shape are refused")
    func refusesWrongUse() throws {
        let file = try SafetensorsFile(path: filesFixture("safetensors/mixed.safetensors"))
        let tensor = try #require(file.tensors["z.float32"])
        #expect(
            throws: FileError.wrongEncoding(
                path: file.path, tensor: "z.float32", expected: "an integer tensor", actual: .float32)
        ) { try tensor.integers() }
        #expect(
            throws: FileError.wrongShape(
                path: file.path, tensor: "z.float32", expected: [3, 2], actual: [2, 3])
        ) { try tensor.requireShape([3, 2]) }
    }

    @Test("a file that does not exist and a folder are refused")
    func missing() throws {
        let absent = folder.path + "/none.safetensors"
        #expect(throws: FileError.missing(path: absent)) { try SafetensorsFile(path: absent) }
        #expect(throws: FileError.unreadable(path: folder.path, reason: "it is a folder")) {
            try SafetensorsFile(path: folder.path)
        }
    }

    @Test("files cut within length and header are truncated, with the bytes needed")
    func truncatedHead() throws {
        for count in [0, 1, 7] {
            let path = try folder.file("t\(count)", [UInt8](repeating: 1, count: count))
            #expect(
                throws: FileError.truncated(
                    path: path, what: "the header length", neededBytes: 8, actualBytes: count)
            ) { try SafetensorsFile(path: path) }
        }
        let path = try folder.file("h", littleEndianBytes(UInt64(100)) + Array("{}".utf8))
        #expect(
            throws: FileError.truncated(
                path: path, what: "the header", neededBytes: 108, actualBytes: 10)
        ) { try SafetensorsFile(path: path) }
    }

    @Test("every truncation of a good file is refused", arguments: [0, 1])
    func everyTruncation(parity: Int) throws {
        let good = try Data(contentsOf: URL(fileURLWithPath: filesFixture("safetensors/mixed.safetensors")))
        for count in stride(from: parity, to: good.count, by: 2) {
            let path = try folder.file("cut", Array(good.prefix(count)))
            #expect(throws: FileError.self, "\(count) bytes") { try SafetensorsFile(path: path) }
        }
    }

    @Test("absurd header lengths are refused", arguments: [UInt64.max, 1 << 63, 1 << 40, 100_000_001])
    func absurdLength(length: UInt64) throws {
        let path = try folder.file("a", littleEndianBytes(length) + Array("{}".utf8))
        guard case .malformed(path, 0, let reason)? = fileError({ _ = try SafetensorsFile(path: path) })
        else {
            Issue.record("not refused as malformed at byte 0")
            return
        }
        #expect(reason.contains("\(length)"))
    }

    @Test("headers that are not a JSON object are refused at their byte")
    func notJSON() {
        #expect(fault(header: "hello wo", data: 0)?.offset == 8)
        #expect(fault(header: "[1,2,3]", data: 0)?.reason.contains("an array of 3") == true)
        #expect(fault(header: #"{"a" 1}"#, data: 0)?.offset == 13)
        #expect(
            fault(header: #"{"__metadata__":{"a":1}}"#, data: 0)?.reason.contains("__metadata__.a") == true)
    }

    @Test("a tensor named twice is refused")
    func duplicate() {
        let entry = #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#
        let found = fault(header: #"{"w":\#(entry),"w":\#(entry)}"#, data: 1)
        #expect(found?.reason.contains(#"the key "w" appears twice"#) == true)
    }

    @Test(
        "bad descriptions name the tensor and the fault",
        arguments: [
            (#"{"shape":[4],"data_offsets":[0,4]}"#, "dtype"),
            (#"{"dtype":"U8","data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"U8","shape":[2.5],"data_offsets":[0,4]}"#, "shape"),
            (#"{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}"#, "impossible shape [-4]"),
            (#"{"dtype":"U8","shape":[-2,-2],"data_offsets":[0,4]}"#, "impossible shape"),
            (#"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}"#, "impossible shape"),
            (#"{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,4]}"#, "impossible shape"),
            (#"{"dtype":"U8","shape":[4]}"#, "data_offsets"),
            (#"{"dtype":"U8","shape":[4],"data_offsets":[0]}"#, "data_offsets"),
            (#"{"dtype":"U8","shape":[5],"data_offsets":[0,5]}"#, "outside the 4 data bytes"),
            (#"{"dtype":"U8","shape":[4],"data_offsets":[-1,3]}"#, "outside"),
            (#"{"dtype":"U8","shape":[2],"data_offsets":[4,2]}"#, "outside"),
            (
                #"{"dtype":"U8","shape":[4],"data_offsets":[9223372036854775803,9223372036854775807]}"#,
                "outside"
            ),
            (#"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#, "need 8 bytes"),
        ])
    func badDescription(entry: String, expected: String) {
        let found = tensorFault(header: #"{"the.weight":\#(entry)}"#, data: 4)
        #expect(found?.tensor == "the.weight")
        #expect(found?.reason.contains(expected) == true, "\(found?.reason ?? "accepted")")
    }

    @Test("names that differ only in how an accent is composed are refused, and none of them is lost")
    func canonicallyEqualNames() throws {
        let one = #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#
        let two = #"{"dtype":"U8","shape":[1],"data_offsets":[1,2]}"#
        let found = tensorFault(header: "{\"w\u{E9}\":\(one),\"we\u{301}\":\(two)}", data: 2)
        #expect(found?.tensor == "we\u{301}" && found?.reason.contains("twice") == true)
        let metadata = fault(header: "{\"__metadata__\":{\"\u{E9}\":\"a\",\"e\u{301}\":\"b\"}}", data: 0)
        #expect(metadata?.reason.contains("twice") == true)
    }

    @Test("overlaps, holes and bytes that belong to no tensor are refused")
    func coverage() {
        func pair(_ second: String, data: Int) -> (tensor: String, reason: String)? {
            tensorFault(
                header:
                    #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":\#(second)}}"#,
                data: data)
        }
        #expect(pair("[2,4]", data: 4)?.reason == #"overlaps the bytes of tensor "a""#)
        #expect(pair("[5,7]", data: 7)?.reason.contains("starts 1 bytes after") == true)
        #expect(pair("[5,7]", data: 7)?.tensor == "b")
        let trailing = fault(header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, data: 6)
        #expect(trailing?.reason == "2 bytes follow the last tensor")
        #expect(fault(header: "{}", data: 1)?.reason == "1 bytes follow the last tensor")
    }

    @Test("no single changed byte of the header crashes the reader")
    func flippedBytes() throws {
        let good = try Array(
            Data(contentsOf: URL(fileURLWithPath: filesFixture("safetensors/mixed.safetensors"))))
        var refused = 0
        for position in 0..<900 {
            var bytes = good
            bytes[position] ^= 0x11
            let path = try folder.file("flip", bytes)
            do {
                for tensor in try SafetensorsFile(path: path).tensors.values { _ = try tensor.floats() }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 450, "most damage is noticed")
    }
}
