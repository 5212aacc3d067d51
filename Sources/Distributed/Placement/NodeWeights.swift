import CatenaCore
import CatenaEngine
import CatenaFiles

/// Weights of which each machine holds one float32 copy, in memory that its processes share.
///
/// Matrices that a file holds as float32 stay in the mapped file, which is shared anyway.
final class NodeWeights: WeightStore {
    private let files: FileWeights
    private let memory: SharedMemory
    private let base: UnsafeMutablePointer<Float>
    private let capacity: Int
    private var used = 0
    private var matrices: [(matrix: StoredMatrix, tensor: Tensor)] = []

    /// Collective: makes the shared memory on each machine.
    init(files: FileWeights, communicator: any Communicator) throws {
        self.files = files
        let page = 1024
        // Every matrix begins on a page of its own.
        let capacity = files.files.tensors.values.reduce(0) { sum, tensor in
            tensor.shape.count < 2 || tensor.mappedFloats != nil && files.files.gguf == nil
                ? sum : sum + (tensor.elementCount + page - 1) / page * page
        }
        let byteCount = max(capacity * MemoryLayout<Float>.stride, 4096)
        let created = try communicator.agree("make shared memory for the frozen weights") {
            communicator.hostRank == 0 ? try SharedMemory(creating: byteCount) : nil
        }
        let names = try communicator.allGather(Array((created?.name ?? "").utf8))
        let hosts = try communicator.allGather(Array(String(communicator.hostIndex).utf8))
        let own = zip(names, hosts).first { !$0.isEmpty && $1 == Array(String(communicator.hostIndex).utf8) }?.0 ?? []
        let memory = try communicator.agree("open the shared memory of the frozen weights") {
            try created ?? SharedMemory(opening: String(decoding: own, as: UTF8.self), byteCount: byteCount)
        }
        memory.unlink()
        guard let base = memory.bytes.bindMemory(to: Float.self).baseAddress else {
            preconditionFailure("shared memory without an address")
        }
        (self.memory, self.base, self.capacity) = (memory, base, capacity)
    }

    func vector(_ name: String, count: Int) throws -> Tensor { try files.vector(name, count: count) }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let matrix = try files.stored(name, rows: rows, columns: columns)
        if let mapped = matrix.mappedTensor { return Float32Weight(mapped, isShared: true) }
        let page = 1024
        precondition(used + matrix.count <= capacity, "the model has more matrices than its files")
        let tensor = Tensor(
            storage: TensorStorage(borrowing: base + used, capacity: matrix.count, owner: memory), rows: rows,
            columns: columns)
        used += (matrix.count + page - 1) / page * page
        matrices.append((matrix, tensor))
        return Float32Weight(tensor, isShared: true)
    }

    /// Collective: decodes the matrices, each by one process of its machine.
    func fill(communicator: any Communicator, threads: ThreadPool) throws {
        for (index, entry) in matrices.enumerated() where index % communicator.hostSize == communicator.hostRank {
            entry.matrix.decodeFromFile(into: entry.tensor, threads: threads)
        }
        try communicator.barrier(sleeping: true)
    }
}
