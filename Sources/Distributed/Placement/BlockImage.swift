import CatenaFiles
import CatenaModels

/// The matrices of one block as they are sent, one after the other, and how that image is cut into shards.
///
/// Matrices begin at multiples of 64 bytes. Shard p of P is bytes `[S p / P, S (p + 1) / P)`, rounded down to 64.
struct BlockImage {
    /// A matrix within the image.
    struct Part {
        let form: any WeightForm
        /// First byte within the image.
        let offset: Int
        /// First byte within the memory that the block is computed from.
        let workingOffset: Int
    }

    static let alignment = 64

    private(set) var parts: [Part] = []
    private(set) var byteCount = 0
    private(set) var workingBytes = 0

    /// Appends a matrix.
    mutating func append(_ form: any WeightForm) -> Part {
        let part = Part(form: form, offset: byteCount, workingOffset: workingBytes)
        parts.append(part)
        byteCount += Self.rounded(form.sentBytes, up: true)
        workingBytes += Self.rounded(form.workingBytes, up: true)
        return part
    }

    /// First byte of each shard, and the byte after the last.
    func shardOffsets(count: Int) -> [Int64] {
        (0..<count).map { Int64(Self.rounded(byteCount * $0 / count, up: false)) } + [Int64(byteCount)]
    }

    /// Makes bytes `range` of the image from the model's files.
    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        for part in parts {
            let wanted = range.clamped(to: part.offset..<part.offset + part.form.sentBytes)
            guard !wanted.isEmpty else { continue }
            unsafe try part.form.read(
                wanted.lowerBound - part.offset..<wanted.upperBound - part.offset,
                into: destination + (wanted.lowerBound - range.lowerBound), from: files)
        }
    }

    private static func rounded(_ count: Int, up: Bool) -> Int {
        (count + (up ? alignment - 1 : 0)) / alignment * alignment
    }
}
