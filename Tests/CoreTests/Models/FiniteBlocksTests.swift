import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

@Suite("Numbers of quantised blocks that are not finite")
struct FiniteBlocksTests {
    private static let blocks = TensorEncoding.allCases.filter { $0.blockElements > 1 }

    /// Four rows of three blocks of small numbers, with the float16 at `offset` of block `block` set to `bits`.
    private func tensor(_ encoding: TensorEncoding, block: Int, offset: Int, bits: UInt16) throws -> StoredTensor {
        var generator = SeededGenerator(seed: 5, purpose: "test", name: encoding.rawValue)
        var bytes = (0..<12 * encoding.blockBytes).map { _ in UInt8(generator.next(below: 256)) }
        for block in 0..<12 {
            for offset in encoding.scaleOffsets { bytes[block * encoding.blockBytes + offset + 1] = 0x2C }
        }
        bytes[block * encoding.blockBytes + offset] = UInt8(bits & 255)
        bytes[block * encoding.blockBytes + offset + 1] = UInt8(bits >> 8)
        let folder = try TinyFolder()
        let path = folder.path + "/blocks"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        return StoredTensor(
            name: "t", shape: [4, 3 * encoding.blockElements], encoding: encoding, file: file, byteOffset: 0,
            byteCount: bytes.count)
    }

    @Test("every scale of every block is looked at, and says what the decoded numbers say", arguments: blocks)
    func scales(encoding: TensorEncoding) throws {
        let engine = Engine(threads: 2)
        for (block, offset) in encoding.scaleOffsets.flatMap({ offset in [0, 5, 11].map { ($0, offset) } }) {
            for bits: UInt16 in [0x7C00, 0xFC00, 0x7E01, 0x3C00, 0x7BFF, 0x0001] {
                let tensor = try tensor(encoding, block: block, offset: offset, bits: bits)
                let numbers = try tensor.floats()
                for rows in [0..<4, 0..<1, 1..<3, 3..<4] {
                    let decoded = rows.contains { row in
                        numbers[row * tensor.rowLength..<(row + 1) * tensor.rowLength].contains { !$0.isFinite }
                    }
                    #expect(
                        tensor.hasNonFinite(rows, threads: engine.threads, memory: engine.memory) == decoded,
                        "\(encoding), block \(block), offset \(offset), \(bits), rows \(rows)")
                }
            }
        }
    }
}
