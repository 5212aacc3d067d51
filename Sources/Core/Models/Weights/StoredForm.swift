import CatenaEngine
import CatenaFiles

/// A matrix that is kept and sent as it stands in the file, and decoded a block of rows at a time for a float32 product.
struct StoredForm: WeightForm {
    let matrix: StoredMatrix

    var rows: Int { matrix.rows }
    var columns: Int { matrix.columns }
    var inFile: (any FrozenWeight)? { mapped }
    var workingBytes: Int { matrix.byteCount }
    var sentBytes: Int { matrix.byteCount }

    /// The matrix as it lies in the mapped file.
    var mapped: CompactWeight {
        unsafe CompactWeight(rows: rows, columns: columns, storedBytes: matrix.byteCount) {
            [matrix] rows, destination in
            guard let file = unsafe matrix.stored.bytes.baseAddress else { return }
            unsafe matrix.decode(rows: rows, from: file, into: destination)
        }
    }

    func inPlace(isShared: Bool) -> (any FrozenWeight)? { mapped }

    func fill(_ memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        guard let file = unsafe matrix.stored.bytes.baseAddress else { return }
        unsafe unpack(file, into: memory, threads: threads)
    }

    func weight(at memory: WeightMemory) -> any FrozenWeight {
        unsafe CompactWeight(
            rows: rows, columns: columns, storedBytes: matrix.byteCount, original: mapped
        ) { [matrix] rows, destination in
            withExtendedLifetime(memory.owner) {
                unsafe matrix.decode(rows: rows, from: memory.bytes, into: destination)
            }
        }
    }

    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        unsafe try files.read(matrix.stored, from: range.lowerBound, count: range.count, into: destination)
    }

    func unpack(_ sent: UnsafeRawPointer, into memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        unsafe memory.copyMemory(from: sent, byteCount: matrix.byteCount)
    }
}
