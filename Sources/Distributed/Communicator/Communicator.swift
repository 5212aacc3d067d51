/// The processes of one job and the collective operations between them.
///
/// Not `Sendable`: one thread of control per process makes all calls. Every method except `send`, `receive`, `exchange` and
/// `abort` is collective: all processes call it, in the same order.
public protocol Communicator: AnyObject {
    /// This process's number in `0..<size`.
    var rank: Int { get }
    /// Number of processes in the job.
    var size: Int { get }
    /// This process's number among those that share memory with it.
    var hostRank: Int { get }
    /// Number of processes that share memory with this one.
    var hostSize: Int { get }
    /// Name of this process's machine.
    var hostName: String { get }
    /// This machine's number in `0..<hostCount`, in order of the lowest process rank on it.
    var hostIndex: Int { get }
    /// Number of machines in the job.
    var hostCount: Int { get }

    /// Whether several threads of a process may communicate at the same time.
    var allowsSeveralThreads: Bool { get }

    /// Collective: a ring with a channel of its own.
    func makeRing() throws(CommunicatorError) -> any GatherRing
    /// Waits until all processes are here. `sleeping` gives the processor away while waiting (long waits, more ranks than cores).
    func barrier(sleeping: Bool) throws(CommunicatorError)
    /// Copies `bytes` of process `root` to all; the buffers have equal sizes.
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicatorError)
    /// Element-wise sum over all processes, in place. The order of additions is MPI's choice.
    func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicatorError)
    /// Element-wise sum over all processes, in place. The order of additions is MPI's choice.
    func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicatorError)
    /// Element-wise minimum over all processes.
    func allReduceMin(_ values: [Int64]) throws(CommunicatorError) -> [Int64]
    /// Element-wise maximum over all processes.
    func allReduceMax(_ values: [Int64]) throws(CommunicatorError) -> [Int64]
    /// Every process's bytes in rank order, on every process. Lengths may differ.
    func allGather(_ bytes: [UInt8]) throws(CommunicatorError) -> [[UInt8]]
    /// Every process's bytes in rank order on `root`, nil elsewhere. Lengths may differ.
    func gather(_ bytes: [UInt8], to root: Int) throws(CommunicatorError) -> [[UInt8]]?
    /// Sends to one process, which must call `receive` with the same byte count and tag.
    func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int) throws(CommunicatorError)
    /// Receives from one process, which must call `send` with the same byte count and tag.
    func receive(into bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int) throws(CommunicatorError)
    /// Starts all messages at once and waits for all. Messages between the same two processes match in the order given.
    func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws(CommunicatorError)
    /// Ends all processes of the job with this exit code. Only the command's `main` may call it.
    func abort(exitCode: Int32) -> Never
}

/// Bytes for one process; the memory must stay valid during the call.
@safe public struct OutgoingMessage {
    /// The receiving process.
    public let peer: Int
    /// What is sent.
    public let bytes: UnsafeRawBufferPointer

    /// A message for `peer`.
    public init(to peer: Int, bytes: UnsafeRawBufferPointer) {
        self.peer = peer
        unsafe self.bytes = bytes
    }
}

/// Room for bytes of one process; the memory must stay valid during the call.
@safe public struct IncomingMessage {
    /// The sending process.
    public let peer: Int
    /// Where it is put.
    public let bytes: UnsafeMutableRawBufferPointer

    /// Room for a message of `peer`.
    public init(from peer: Int, bytes: UnsafeMutableRawBufferPointer) {
        self.peer = peer
        unsafe self.bytes = bytes
    }
}

extension Communicator {
    /// Whether this is process 0.
    public var isRoot: Bool { rank == 0 }

    /// Waits until all processes are here.
    public func barrier() throws(CommunicatorError) { try barrier(sleeping: false) }

    /// Element-wise sum of a small array over all processes, in place.
    public func allReduceSum(_ values: inout [Double]) throws(CommunicatorError) {
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: values.count)
        defer { unsafe buffer.deallocate() }
        _ = unsafe buffer.initialize(from: values)
        unsafe try allReduceSum(buffer)
        values = unsafe Array(buffer)
    }

    /// Every process's values in rank order, on every process. Counts may differ.
    package func allGather<Value: BitwiseCopyable>(_ values: [Value]) throws(CommunicatorError) -> [[Value]] {
        let bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
        return try allGather(bytes).map { part in
            unsafe part.withUnsafeBytes { unsafe Array($0.bindMemory(to: Value.self)) }
        }
    }

    /// Copies a byte array of any length from `root` to all.
    public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws(CommunicatorError) -> [UInt8] {
        let count = try allReduceMax([rank == root ? Int64(bytes.count) : 0])[0]
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(count), alignment: 1)
        defer { unsafe buffer.deallocate() }
        if rank == root { unsafe buffer.copyBytes(from: bytes) }
        unsafe try broadcast(buffer, from: root)
        return unsafe [UInt8](buffer)
    }

    /// Copies a text from `root` to all.
    public func broadcast(_ text: String, from root: Int = 0) throws(CommunicatorError) -> String {
        String(decoding: try broadcast(Array(text.utf8), from: root), as: UTF8.self)
    }
}
