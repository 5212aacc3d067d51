package import CatenaEngine
package import CatenaFiles

/// A frozen matrix that has not been placed yet: which bytes it is multiplied from, and how they are made of the model's files.
///
/// Whoever places the matrix (``ReplicatedWeights`` in memory of its own, others in memory that the processes of a machine share, or
/// as shards that are gathered) decides where these bytes lie. They are the same everywhere, and so are the products' bits.
///
///     file --fill--> working bytes --weight(at:)--> products
///     file --read--> sent bytes (cut into shards, gathered) --unpack--> working bytes
package protocol WeightForm {
    /// Rows of the matrix.
    var rows: Int { get }
    /// Columns of the matrix.
    var columns: Int { get }
    /// The numbers as the file has them, where they are read from there and not from the working bytes: rows that are looked
    /// up, and what adapters and exports make of the matrix. nil where the working bytes hold the same numbers.
    var inFile: (any FrozenWeight)? { get }
    /// Bytes from which the matrix is multiplied.
    var workingBytes: Int { get }
    /// Bytes that are cut into shards and gathered.
    var sentBytes: Int { get }
    /// The matrix where it lies in the mapped file, if it can be multiplied from there; nil where its working bytes have to be made.
    func inPlace(isShared: Bool) -> (any FrozenWeight)?
    /// Makes the working bytes.
    func fill(_ memory: UnsafeMutableRawPointer, threads: ThreadPool)
    /// The matrix whose working bytes lie in `memory`.
    func weight(at memory: WeightMemory) -> any FrozenWeight
    /// Writes the bytes `range` of the sent form to `destination`, and reads nothing that is not needed for them.
    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError)
    /// Makes the working bytes of the sent ones.
    func unpack(_ sent: UnsafeRawPointer, into memory: UnsafeMutableRawPointer, threads: ThreadPool)
}

/// Where the working bytes of a matrix lie, aligned to 64 bytes.
@safe package struct WeightMemory {
    /// The first byte.
    package let bytes: UnsafeMutableRawPointer
    /// What keeps the bytes valid.
    package let owner: AnyObject
    /// Whether other processes read the same memory, so that a changed copy would cost what sharing saves.
    package let isShared: Bool

    /// The memory that begins at `bytes`.
    package init(bytes: UnsafeMutableRawPointer, owner: AnyObject, isShared: Bool) {
        unsafe (self.bytes, self.owner, self.isShared) = (bytes, owner, isShared)
    }

    /// The memory as float32 numbers `[rows, columns]`.
    func floats(rows: Int, columns: Int) -> Tensor {
        unsafe Tensor(
            storage: TensorStorage(
                borrowing: bytes.assumingMemoryBound(to: Float.self), capacity: rows * columns, owner: owner),
            rows: rows, columns: columns)
    }
}

extension WeightForm {
    /// The matrix where it lies in the file, or in memory of this process's own.
    func placed(engine: Engine) -> any FrozenWeight {
        if let weight = inPlace(isShared: false) { return weight }
        let size = MemoryLayout<Float>.stride
        let memory = engine.memory.tensor(rows: 1, columns: (workingBytes + size - 1) / size)
        unsafe fill(memory.pointer, threads: engine.threads)
        return unsafe weight(at: WeightMemory(bytes: memory.pointer, owner: memory.storage, isShared: false))
    }
}
