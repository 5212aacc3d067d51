internal import CMPI

/// Small messages of fixed length between all processes of the job, by calls that never wait for another process.
///
/// `@unchecked Sendable`: made by one thread and handed over to another one; used by one thread at a time.
@safe final class MPIHeartbeats: @unchecked Sendable {
    private let handle: OpaquePointer
    private let rank: Int
    private let size: Int
    private let byteCount: Int

    /// Collective. Nil when the library does not let several threads of a process call it at once, or there is nobody else.
    static func open(_ communicator: any Communicator, byteCount: Int) throws(CommunicatorError) -> MPIHeartbeats? {
        guard communicator is MPICommunicator, communicator.size > 1 else { return nil }
        var level: Int32 = 0
        try mpi("MPI_Query_thread", processRank: communicator.rank) { unsafe cmpi_thread_level(&level) }
        guard try communicator.allReduceMin([Int64(level)])[0] >= MPIThreadLevel.multiple.rawValue else { return nil }
        var handle: OpaquePointer?
        try mpi("MPI_Comm_dup", processRank: communicator.rank) {
            unsafe cmpi_heartbeats_open(Int32(byteCount), &handle)
        }
        return unsafe handle.map { unsafe MPIHeartbeats($0, communicator, byteCount: byteCount) }
    }

    private init(_ handle: OpaquePointer, _ communicator: any Communicator, byteCount: Int) {
        unsafe self.handle = handle
        rank = communicator.rank
        size = communicator.size
        self.byteCount = byteCount
    }

    /// Starts sending to all others; one that has not taken the message before is passed over.
    func send(_ message: [UInt8]) throws(CommunicatorError) {
        precondition(message.count == byteCount, "all messages have the same length")
        try mpi("MPI_Isend", processRank: rank) { unsafe cmpi_heartbeats_send(handle, message) }
    }

    /// The newest message of each rank that has come since the last call; nil where none has.
    func receive() throws(CommunicatorError) -> [[UInt8]?] {
        var messages = [UInt8](repeating: 0, count: size * byteCount)
        var arrived = [UInt8](repeating: 0, count: size)
        try mpi("MPI_Irecv", processRank: rank) { unsafe cmpi_heartbeats_receive(handle, &messages, &arrived) }
        return arrived.indices.map { peer in
            arrived[peer] == 1 ? Array(messages[peer * byteCount..<(peer + 1) * byteCount]) : nil
        }
    }

    /// Withdraws what is pending; nothing else may be called afterwards.
    func close() throws(CommunicatorError) {
        try mpi("MPI_Cancel", processRank: rank) { unsafe cmpi_heartbeats_close(handle) }
    }
}
