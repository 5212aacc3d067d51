/// A contiguous row-major float32 matrix `[rows, columns]`; a vector is a single row.
///
/// Sequences are concatenated without padding, so batch and time share the row axis and two
/// dimensions suffice for everything the engine computes. Copying a `Tensor` copies the reference,
/// not the numbers.
public struct Tensor {
    /// The memory that holds the elements, shared by all views of it.
    public let storage: TensorStorage
    /// First element of this tensor within `storage`, in elements.
    public let offset: Int
    /// Number of rows.
    public let rows: Int
    /// Number of columns, the length of a row in elements.
    public let columns: Int

    /// A view of `rows * columns` elements of `storage` that begins at `offset`.
    public init(storage: TensorStorage, offset: Int = 0, rows: Int, columns: Int) {
        precondition(
            offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= storage.capacity,
            "a [\(rows), \(columns)] view at \(offset) does not fit \(storage.capacity) elements")
        self.storage = storage
        self.offset = offset
        self.rows = rows
        self.columns = columns
    }

    /// Number of elements.
    public var count: Int { rows * columns }

    /// The first element. Valid while any tensor over the same storage lives.
    public var pointer: UnsafeMutablePointer<Float> { storage.base + offset }

    /// The rows `range` as a tensor over the same memory.
    public func rows(_ range: Range<Int>) -> Tensor {
        Tensor(
            storage: storage, offset: offset + range.lowerBound * columns, rows: range.count,
            columns: columns)
    }

    /// The same elements as another matrix over the same memory.
    public func reshaped(rows: Int, columns: Int) -> Tensor {
        precondition(rows * columns == count, "\(count) elements are no [\(rows), \(columns)]")
        return Tensor(storage: storage, offset: offset, rows: rows, columns: columns)
    }

    /// The elements in row-major order, copied.
    public func elements() -> [Float] {
        Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// The memory of the elements. Valid while any tensor over the same storage lives.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<Float>.stride)
    }

    /// One element; for a few of them, not for loops over many.
    public subscript(row: Int, column: Int) -> Float {
        get {
            precondition(
                (0..<rows).contains(row) && (0..<columns).contains(column),
                "[\(row), \(column)] of [\(rows), \(columns)]")
            return pointer[row * columns + column]
        }
        nonmutating set {
            precondition(
                (0..<rows).contains(row) && (0..<columns).contains(column),
                "[\(row), \(column)] of [\(rows), \(columns)]")
            pointer[row * columns + column] = newValue
        }
    }

    /// Overwrites all elements with `value`.
    public func fill(_ value: Float) {
        pointer.update(repeating: value, count: count)
    }

    /// Overwrites the elements with those of `source`, which has the same count.
    public func copy(from source: Tensor) {
        precondition(source.count == count, "copy of \(source.count) elements into \(count)")
        pointer.update(from: source.pointer, count: count)
    }

    /// Overwrites the elements with `values`, which has the same count.
    public func copy(from values: [Float]) {
        precondition(values.count == count, "copy of \(values.count) elements into \(count)")
        values.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            pointer.update(from: start, count: count)
        }
    }
}

extension Tensor {
    /// The transpose, copied.
    package func transposed(_ memory: TensorMemory) -> Tensor {
        let result = memory.tensor(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result.pointer[column * rows + row] = pointer[row * columns + column] }
        }
        return result
    }
}
