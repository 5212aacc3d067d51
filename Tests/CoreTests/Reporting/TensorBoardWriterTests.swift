import CatenaReporting
import Foundation
import Testing

@Suite("TensorBoard event files")
struct TensorBoardWriterTests {
    @Test(
        "CRC-32C gives the values of RFC 3720",
        arguments: [
            (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(UInt8(0)..<32), 0x46DD_794E),
            (Array((UInt8(0)..<32).reversed()), 0x113F_DB5C), ([], 0),
        ] as [([UInt8], UInt32)])
    func checksum(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
        #expect(CRC32C.masked(bytes) == (expected >> 15 | expected << 17) &+ 0xA282_EAD8)
    }

    /// The messages of a file, after a check of each record's length and checksums.
    private func messages(_ path: String) throws -> [[UInt8]] {
        var rest = Array(try Data(contentsOf: URL(fileURLWithPath: path)))[...]
        var messages: [[UInt8]] = []
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        while !rest.isEmpty {
            try #require(rest.count >= 16)
            let length = rest.prefix(8)
            #expect(number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(length)))
            let message = rest.dropFirst(12).prefix(Int(number(length)))
            rest = rest.dropFirst(12 + message.count)
            #expect(number(rest.prefix(4)) == UInt64(CRC32C.masked(message)))
            rest = rest.dropFirst(4)
            messages.append(Array(message))
        }
        return messages
    }

    @Test("a scalar is the bytes that Protocol Buffers give")
    func bytes() throws {
        try withTemporaryFolder { folder in
            let writer = try TensorBoardWriter(folder: folder, now: { 1 })
            try writer.append([("a", 0.5)], step: 300)
            try writer.close()
            let one: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
            #expect(
                try messages(writer.path) == [
                    one + [0x1A, 13] + Array("brain.Event:2".utf8),
                    one + [0x10, 1, 0x3A, 2, 0x08, 1],
                    one + [0x10, 0xAC, 0x02, 0x2A, 10, 0x0A, 8, 0x0A, 1, 0x61, 0x15, 0, 0, 0, 0x3F],
                ])
        }
    }

    @Test("records wait for the flush interval, and closing writes the rest")
    func buffering() throws {
        try withTemporaryFolder { folder in
            var time = 100.0
            let writer = try TensorBoardWriter(folder: folder, flushSeconds: 5, now: { time })
            #expect(try messages(writer.path).count == 2)
            try writer.append(metricsLine(1))
            #expect(try messages(writer.path).count == 2)
            time = 105
            try writer.append(metricsLine(2))
            #expect(try messages(writer.path).count == 4)
            try writer.append(metricsLine(3, validationLoss: 1))
            try writer.close()
            let written = try messages(writer.path).map { String(decoding: $0, as: UTF8.self) }
            #expect(written.count == 5)
            #expect(!written[3].contains("validation/loss") && written[4].contains("validation/loss"))
            for tag in [
                "train/loss", "train/learning_rate", "train/gradient_norm", "train/tokens_per_second",
            ] {
                #expect(written[2].contains(tag))
            }
        }
    }

    @Test("a resumed run makes a file of its own that voids the later steps of the earlier ones")
    func resume() throws {
        try withTemporaryFolder { folder in
            let first = try TensorBoardWriter(folder: folder, now: { 1_700_000_000 })
            let second = try TensorBoardWriter(folder: folder, resumingAfter: 6, now: { 1_700_000_000 })
            #expect(first.path != second.path)
            #expect(first.path.hasPrefix(folder + "/events.out.tfevents.1700000000."))
            #expect(try messages(second.path)[1].suffix(6) == [0x10, 7, 0x3A, 2, 0x08, 1])
        }
    }

    @Test("a folder that is missing is an error")
    func missingFolder() {
        #expect(throws: ReportingError.self) { try TensorBoardWriter(folder: "/nowhere") }
    }
}
