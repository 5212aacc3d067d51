package import CatenaEngine
package import CatenaFiles

/// A matrix (or vector) of a model's files: its stored bytes, and how they become the model's float32 rows.
///
/// The bytes may lie in the mapped file or in a copy of that range elsewhere.
package struct StoredMatrix: Sendable {
    /// Where and how it is stored.
    package let stored: StoredTensor
    /// Rows of the model's matrix; 1 for a vector.
    package let rows: Int
    /// Columns of the model's matrix.
    package let columns: Int
    /// Width of the heads whose rows the file interleaves; nil where rows stand in the model's order.
    let interleavedHead: Int?

    /// Elements of the matrix.
    package var count: Int { rows * columns }

    /// Stored bytes.
    package var byteCount: Int { stored.byteCount }

    /// The matrix in the mapped file itself, where it stands there as it is needed.
    package var mappedTensor: Tensor? {
        guard interleavedHead == nil, let floats = unsafe stored.mappedFloats else { return nil }
        return unsafe Tensor(
            storage: TensorStorage(borrowing: floats, capacity: count, owner: stored.file), rows: rows,
            columns: columns)
    }

    /// Writes the whole matrix as float32.
    ///
    /// - Parameter image: `byteCount` bytes as they stand in the file.
    package func decode(
        from image: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>, threads: ThreadPool
    ) {
        threads.runRows(stored.rowCount, minimumPerTask: 16) { range in
            guard let interleavedHead else {
                return unsafe stored.decodeRows(
                    range, from: image, into: destination + range.lowerBound * stored.rowLength)
            }
            // A bias is a vector whose elements are the rows.
            guard stored.rowCount > 1 else {
                return unsafe deinterleaveVector(from: image, into: destination, headDimension: interleavedHead)
            }
            for row in range {
                let target = GGUFNames.sourceRow(ofInterleaved: row, headDimension: interleavedHead)
                unsafe stored.decodeRows(row..<row + 1, from: image, into: destination + target * columns)
            }
        }
    }

    /// Writes the whole matrix as float32, from the mapped file.
    func decodeFromFile(into tensor: Tensor, threads: ThreadPool) {
        guard let base = unsafe stored.bytes.baseAddress else { return }
        unsafe decode(from: base, into: tensor.pointer, threads: threads)
    }

    /// Writes rows of the model's matrix as float32.
    ///
    /// - Parameter image: `byteCount` bytes as they stand in the file.
    package func decode(
        rows range: Range<Int>, from image: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>
    ) {
        guard let interleavedHead else { return unsafe stored.decodeRows(range, from: image, into: destination) }
        for (index, row) in range.enumerated() {
            let source = GGUFNames.interleavedRow(of: row, headDimension: interleavedHead)
            unsafe stored.decodeRows(source..<source + 1, from: image, into: destination + index * columns)
        }
    }

    /// Writes row `row` of the model's matrix as float32.
    ///
    /// - Parameter image: `byteCount` bytes as they stand in the file. Interleaved matrices are not looked up.
    package func decodeRow(_ row: Int, from image: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>) {
        precondition(interleavedHead == nil, "rows of \(stored.name) are interleaved")
        unsafe stored.decodeRows(row..<row + 1, from: image, into: destination)
    }

    private func deinterleaveVector(
        from image: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>, headDimension: Int
    ) {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { buffer in
            guard let start = buffer.baseAddress else { return }
            unsafe stored.decodeRows(0..<1, from: image, into: start)
            for index in 0..<columns {
                unsafe destination[GGUFNames.sourceRow(ofInterleaved: index, headDimension: headDimension)] =
                    start[index]
            }
        }
    }
}
