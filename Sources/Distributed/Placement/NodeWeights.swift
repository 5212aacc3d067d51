import CatenaEngine
import CatenaFiles
import CatenaModels

/// Weights of which each machine holds one copy, in memory that its processes share.
///
/// Matrices that can be multiplied from the mapped file stay there, which is shared anyway.
@safe final class NodeWeights: WeightStore {
    private let files: ModelFiles
    private let format: BaseFormat
    private let engine: Engine
    private let memory: SharedMemory
    private let capacity: Int
    private var used = 0
    private var matrices: [(form: any WeightForm, bytes: UnsafeMutableRawPointer)] = unsafe []
    /// Every matrix begins on a page of its own.
    private static let page = 4096

    /// Collective: makes the shared memory on each machine.
    init(files: ModelFiles, format: BaseFormat, engine: Engine, communicator: any Communicator) throws {
        (self.files, self.format, self.engine) = (files, format, engine)
        let capacity = try communicator.agree("load the model") {
            let sizes = NodeSizes(files, format)
            _ = try LanguageModel(configuration: files.configuration, weights: sizes, engine: Engine(threads: 1))
            return max(sizes.byteCount, Self.page)
        }
        let created = try communicator.agree("make shared memory for the frozen weights") {
            communicator.hostRank == 0 ? try SharedMemory(creating: capacity) : nil
        }
        let names = try communicator.allGather(Array((created?.name ?? "").utf8))
        let hosts = try communicator.allGather(Array(String(communicator.hostIndex).utf8))
        let own = zip(names, hosts).first { !$0.isEmpty && $1 == Array(String(communicator.hostIndex).utf8) }?.0 ?? []
        let memory = try communicator.agree("open the shared memory of the frozen weights") {
            try created ?? SharedMemory(opening: String(decoding: own, as: UTF8.self), byteCount: capacity)
        }
        memory.unlink()
        (self.memory, self.capacity) = (memory, capacity)
    }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        try files.tensor(name, shape: shape, engine: engine)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let form = try files.form(name, rows: rows, columns: columns, role: role, format)
        if let mapped = form.inPlace(isShared: true) { return mapped }
        guard let base = unsafe memory.bytes.baseAddress, used + form.workingBytes <= capacity else {
            preconditionFailure("the model has other matrices than when they were counted")
        }
        let bytes = unsafe base + used
        used += Self.pages(form.workingBytes)
        unsafe matrices.append((form, bytes))
        return unsafe form.weight(at: WeightMemory(bytes: bytes, owner: memory, isShared: true))
    }

    /// Collective: makes the matrices, each by one process of its machine.
    func fill(communicator: any Communicator) throws {
        for index in unsafe matrices.indices where index % communicator.hostSize == communicator.hostRank {
            let entry = unsafe matrices[index]
            unsafe entry.form.fill(entry.bytes, threads: engine.threads)
        }
        try communicator.barrier(sleeping: true)
    }

    /// `byteCount` in whole pages.
    fileprivate static func pages(_ byteCount: Int) -> Int { (byteCount + page - 1) / page * page }
}

/// Counts the bytes that a model's matrices need in shared memory.
private final class NodeSizes: WeightStore {
    private let files: ModelFiles
    private let format: BaseFormat
    private let memory = TensorMemory()
    private(set) var byteCount = 0

    init(_ files: ModelFiles, _ format: BaseFormat) { (self.files, self.format) = (files, format) }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let (rows, columns) = shape.rowsAndColumns
        return memory.tensor(rows: rows, columns: columns)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let form = try files.form(name, rows: rows, columns: columns, role: role, format)
        if form.inPlace(isShared: true) == nil { byteCount += NodeWeights.pages(form.workingBytes) }
        return ZeroWeight(outFeatures: rows, inFeatures: columns, storedBytes: 0)
    }
}
