package import CatenaEngine
package import CatenaFiles

/// A matrix that is multiplied as float32; what is sent are the bytes of the file, whatever their encoding.
package struct Float32Form: WeightForm {
    /// Where it is stored.
    package let matrix: StoredMatrix

    package var rows: Int { matrix.rows }
    package var columns: Int { matrix.columns }
    package var inFile: (any FrozenWeight)? { nil }
    package var workingBytes: Int { matrix.count * MemoryLayout<Float>.stride }
    package var sentBytes: Int { matrix.byteCount }

    package func inPlace(isShared: Bool) -> (any FrozenWeight)? {
        matrix.mappedTensor.map { Float32Weight($0, isShared: isShared) }
    }

    package func fill(_ memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        guard let file = unsafe matrix.stored.bytes.baseAddress else { return }
        unsafe unpack(file, into: memory, threads: threads)
    }

    package func weight(at memory: WeightMemory) -> any FrozenWeight {
        Float32Weight(memory.floats(rows: rows, columns: columns), isShared: memory.isShared)
    }

    package func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        unsafe try files.read(matrix.stored, from: range.lowerBound, count: range.count, into: destination)
    }

    package func unpack(_ sent: UnsafeRawPointer, into memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        unsafe matrix.decode(from: sent, into: memory.assumingMemoryBound(to: Float.self), threads: threads)
    }
}
