import CatenaCore
import CatenaFiles

/// The stored matrices of one block, one after the other, and how that image is cut into shards.
///
/// Matrices begin at multiples of 64 bytes. Shard p of P is bytes `[S p / P, S (p + 1) / P)`, rounded down to 64.
struct BlockImage {
    /// A matrix within the image.
    struct Part {
        let matrix: StoredMatrix
        /// First byte within the image.
        let offset: Int
        /// First element within the decoded block.
        let decodedOffset: Int
    }

    static let alignment = 64

    private(set) var parts: [Part] = []
    private(set) var byteCount = 0
    private(set) var decodedCount = 0

    /// Appends a matrix.
    mutating func append(_ matrix: StoredMatrix) -> Part {
        let part = Part(matrix: matrix, offset: byteCount, decodedOffset: decodedCount)
        parts.append(part)
        byteCount += Self.rounded(matrix.byteCount, up: true)
        decodedCount += Self.rounded(matrix.count, up: true)
        return part
    }

    /// First byte of each shard, and the byte after the last.
    func shardOffsets(count: Int) -> [Int64] {
        (0..<count).map { Int64(Self.rounded(byteCount * $0 / count, up: false)) } + [Int64(byteCount)]
    }

    /// Reads bytes `range` of the image from the model's files.
    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        for part in parts {
            let wanted = range.clamped(to: part.offset..<part.offset + part.matrix.byteCount)
            guard !wanted.isEmpty else { continue }
            try files.read(
                part.matrix.stored, from: wanted.lowerBound - part.offset, count: wanted.count,
                into: destination + (wanted.lowerBound - range.lowerBound))
        }
    }

    private static func rounded(_ count: Int, up: Bool) -> Int {
        (count + (up ? alignment - 1 : 0)) / alignment * alignment
    }
}
