/// A tensor as it lies in a mapped file, decoded only on request.
///
/// A row is a vector along the last dimension; rows are stored one after another, whatever the
/// encoding. A scalar (empty shape) is one row of one number.
package struct StoredTensor: Sendable {
    /// The name in its file.
    package let name: String
    /// Row-major: `[rows, columns]` for a matrix, in safetensors and in GGUF alike.
    package let shape: [Int]
    /// How its numbers are stored.
    package let encoding: TensorEncoding
    /// The file that holds it, kept mapped.
    package let file: MappedFile
    /// Position of the first byte in `file`.
    package let byteOffset: Int
    /// Bytes it takes in `file`.
    package let byteCount: Int

    /// - Parameter byteCount: what `encoding.byteCount(shape:)` gives; the range must lie in `file`.
    package init(
        name: String, shape: [Int], encoding: TensorEncoding, file: MappedFile, byteOffset: Int,
        byteCount: Int
    ) {
        precondition(byteOffset >= 0 && byteCount >= 0, "a tensor's byte range cannot be negative")
        precondition(
            byteOffset <= file.byteCount && byteCount <= file.byteCount - byteOffset,
            "a tensor's byte range must lie within its file")
        precondition(
            encoding.byteCount(shape: shape) == byteCount, "byte count and shape must agree")
        self.name = name
        self.shape = shape
        self.encoding = encoding
        self.file = file
        self.byteOffset = byteOffset
        self.byteCount = byteCount
    }

    /// Product of the shape; 1 for a scalar.
    package var elementCount: Int { shape.reduce(1, *) }

    /// Product of all dimensions but the last; 1 for vectors and scalars.
    package var rowCount: Int { shape.dropLast().reduce(1, *) }

    /// The last dimension; 1 for a scalar.
    package var rowLength: Int { shape.last ?? 1 }

    /// Bytes of one row.
    package var rowBytes: Int { rowLength / encoding.blockElements * encoding.blockBytes }

    /// The stored bytes, valid as long as `file` lives.
    package var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: file.bytes[byteOffset..<byteOffset + byteCount])
    }

    /// Writes rows `rows` as float32 to `destination`, `rows.count * rowLength` numbers.
    ///
    /// Quantised blocks give exactly what GGUF's reference arithmetic in float32 gives; float64
    /// and integers are rounded to the nearest float32; booleans become 0 and 1.
    ///
    /// - Parameter rows: must lie in `0..<rowCount`; anything else is a programming error.
    package func decodeRows(
        _ rows: Range<Int>, into destination: UnsafeMutablePointer<Float>
    ) throws(FileError) {
        guard let base = unsafe file.bytes.baseAddress else { return }
        unsafe decodeRows(rows, from: base + byteOffset, into: destination)
    }

    /// The same from `image`, a copy of the stored bytes that may lie anywhere.
    package func decodeRows(
        _ rows: Range<Int>, from image: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>
    ) {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= rowCount,
            "rows \(rows) are outside 0..<\(rowCount)")
        let elements = rows.count * rowLength
        guard elements > 0 else { return }
        let source = unsafe image + rows.lowerBound * rowBytes
        if encoding.blockElements == 1 {
            unsafe PlainDecoding.decode(encoding, source, count: elements, into: destination)
        } else {
            unsafe BlockDecoding.decode(
                encoding, source, blockCount: elements / encoding.blockElements, into: destination)
        }
    }

    /// All numbers as float32, row-major.
    package func floats() throws(FileError) -> [Float] {
        unsafe [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            guard let base = buffer.baseAddress, let source = unsafe file.bytes.baseAddress else { return }
            unsafe decodeRows(0..<rowCount, from: source + byteOffset, into: base)
            count = elementCount
        }
    }

    /// All numbers as Int64, row-major.
    ///
    /// - Throws: ``FileError/wrongEncoding(path:tensor:expected:actual:)`` unless the encoding
    ///   is one of integers or booleans.
    package func integers() throws(FileError) -> [Int64] {
        guard encoding.isInteger else {
            throw .wrongEncoding(
                path: file.path, tensor: name, expected: "an integer tensor", actual: encoding)
        }
        return unsafe PlainDecoding.integers(encoding, bytes, count: elementCount)
    }

    /// The numbers in place: non-nil when they are float32 and 4-byte aligned. Valid as long as
    /// `file` lives.
    package var mappedFloats: UnsafePointer<Float>? {
        guard encoding == .float32, let base = unsafe bytes.baseAddress,
            UInt(bitPattern: base) % UInt(MemoryLayout<Float>.alignment) == 0
        else { return nil }
        return unsafe base.assumingMemoryBound(to: Float.self)
    }

    /// Checks the shape.
    ///
    /// - Throws: ``FileError/wrongShape(path:tensor:expected:actual:)`` if it is another.
    package func requireShape(_ expected: [Int]) throws(FileError) {
        guard shape == expected else {
            throw .wrongShape(path: file.path, tensor: name, expected: expected, actual: shape)
        }
    }
}
