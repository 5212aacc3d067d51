import CatenaEngine
import CatenaFiles

/// A matrix rounded to bfloat16 and decoded a block of rows at a time for a float32 product.
///
/// A row takes `2 · columns` bytes, filled up to a multiple of four.
struct BFloat16Form: WeightForm {
    /// The numbers as the model has them.
    let source: any FrozenWeight
    /// Whether these stay where they are.
    let keepsSource: Bool

    var rows: Int { source.outFeatures }
    var columns: Int { source.inFeatures }
    var inFile: (any FrozenWeight)? { keepsSource ? source : nil }
    var workingBytes: Int { rows * rowBytes }
    var sentBytes: Int { workingBytes }
    private var rowBytes: Int { (columns + 1) / 2 * 4 }

    func inPlace(isShared: Bool) -> (any FrozenWeight)? { nil }

    func fill(_ memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        threads.runRows(rows, minimumPerTask: 16) { range in
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { floats in
                guard let floats = floats.baseAddress else { return }
                for index in range { unsafe round(index, through: floats, into: memory + index * rowBytes) }
            }
        }
    }

    func weight(at memory: WeightMemory) -> any FrozenWeight {
        let (columns, rowBytes) = (columns, rowBytes)
        return unsafe CompactWeight(rows: rows, columns: columns, storedBytes: workingBytes, original: inFile) {
            range, destination in
            withExtendedLifetime(memory.owner) {
                for (index, row) in range.enumerated() {
                    unsafe PlainDecoding.decode(
                        .bfloat16, memory.bytes + row * rowBytes, count: columns, into: destination + index * columns)
                }
            }
        }
    }

    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { floats in
            unsafe withUnsafeTemporaryAllocation(byteCount: rowBytes, alignment: 4) { row in
                guard let floats = floats.baseAddress, let start = row.baseAddress else { return }
                for index in range.lowerBound / rowBytes..<(range.upperBound + rowBytes - 1) / rowBytes {
                    unsafe round(index, through: floats, into: start)
                    files.add(byteCount: source.storedBytes / rows)
                    unsafe row.copy(range, of: index * rowBytes, into: destination)
                }
            }
        }
    }

    func unpack(_ sent: UnsafeRawPointer, into memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        unsafe memory.copyMemory(from: sent, byteCount: workingBytes)
    }

    private func round(_ row: Int, through floats: UnsafeMutablePointer<Float>, into memory: UnsafeMutableRawPointer) {
        unsafe source.decode(rows: row..<row + 1, into: floats)
        let halves = unsafe memory.assumingMemoryBound(to: UInt16.self)
        unsafe NarrowFloats.roundToBFloat16(floats, into: halves, count: columns)
        if columns % 2 == 1 { unsafe halves[columns] = 0 }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Copies what of these bytes, which begin at byte `offset` of a whole, lies in `range` of the whole; byte
    /// `range.lowerBound` goes to `destination`.
    func copy(_ range: Range<Int>, of offset: Int, into destination: UnsafeMutableRawPointer) {
        let wanted = range.clamped(to: offset..<offset + count)
        guard !wanted.isEmpty, let source = baseAddress else { return }
        unsafe (destination + wanted.lowerBound - range.lowerBound).copyMemory(
            from: source + wanted.lowerBound - offset, byteCount: wanted.count)
    }
}
