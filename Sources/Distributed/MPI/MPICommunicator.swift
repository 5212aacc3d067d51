internal import CMPI
import Foundation

/// The world of an MPI job. Made by `MPISession.start`.
public final class MPICommunicator: Communicator {
    public let rank: Int
    public let size: Int
    public let hostRank: Int
    public let hostSize: Int
    public let hostName: String
    public let hostIndex: Int
    public let hostCount: Int
    public let allowsSeveralThreads: Bool

    /// Collective: finds this process's place in the started world.
    init(threadLevel: MPIThreadLevel) throws(CommunicatorError) {
        allowsSeveralThreads = threadLevel == .multiple
        var rank: Int32 = 0
        var size: Int32 = 0
        var hostRank: Int32 = 0
        var hostSize: Int32 = 0
        var leader: Int32 = 0
        try mpi("MPI_Comm_rank", processRank: 0) { unsafe cmpi_rank(&rank) }
        try mpi("MPI_Comm_size", processRank: Int(rank)) { unsafe cmpi_size(&size) }
        try mpi("MPI_Comm_split_type", processRank: Int(rank)) { unsafe cmpi_host(&hostRank, &hostSize, &leader) }
        var leaders = [Int32](repeating: 0, count: Int(size))
        let counts = [Int64](repeating: Int64(MemoryLayout<Int32>.size), count: Int(size))
        try mpi("MPI_Allgather", processRank: Int(rank)) { unsafe cmpi_allgather(&leader, counts[0], &leaders, counts) }
        let hosts = Set(leaders).sorted()
        self.rank = Int(rank)
        self.size = Int(size)
        self.hostRank = Int(hostRank)
        self.hostSize = Int(hostSize)
        hostName = unsafe text(capacity: 256) { _ = unsafe cmpi_processor_name($0, $1) }
        hostIndex = hosts.firstIndex(of: leader) ?? 0
        hostCount = hosts.count
    }

    /// Every call between processes passes here: it is published to the watchdogs, and a test can crash at it.
    private func check(_ call: String, _ body: () -> Int32) throws(CommunicatorError) {
        let name = Self.collectiveName(call)
        CrashPoint.reached("collective")
        CrashPoint.reached(name)
        let entered = Activity.process.enter(name)
        defer { Activity.process.leave(entered) }
        try mpi(call, processRank: rank, body)
    }

    public func makeRing() throws(CommunicatorError) -> any GatherRing { try MPIGatherRing(self) }

    private static func collectiveName(_ call: String) -> String {
        switch call {
        case "MPI_Barrier": "barrier"
        case "MPI_Bcast": "broadcast"
        case "MPI_Allreduce": "all-reduce"
        case "MPI_Allgather", "MPI_Allgatherv": "all-gather"
        case "MPI_Gatherv": "gather"
        case "MPI_Waitall": "exchange"
        default: call
        }
    }

    public func barrier(sleeping: Bool) throws(CommunicatorError) {
        try check("MPI_Barrier") { sleeping ? cmpi_barrier_sleeping() : cmpi_barrier() }
    }

    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicatorError) {
        try check("MPI_Bcast") { unsafe cmpi_broadcast(bytes.baseAddress, Int64(bytes.count), Int32(root)) }
    }

    public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicatorError) {
        try check("MPI_Allreduce") { unsafe cmpi_allreduce_sum_f32(values.baseAddress, Int64(values.count)) }
    }

    public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicatorError) {
        try check("MPI_Allreduce") { unsafe cmpi_allreduce_sum_f64(values.baseAddress, Int64(values.count)) }
    }

    public func allReduceMin(_ values: [Int64]) throws(CommunicatorError) -> [Int64] {
        var reduced = values
        try check("MPI_Allreduce") { unsafe cmpi_allreduce_min_i64(&reduced, Int64(values.count)) }
        return reduced
    }

    public func allReduceMax(_ values: [Int64]) throws(CommunicatorError) -> [Int64] {
        var reduced = values
        try check("MPI_Allreduce") { unsafe cmpi_allreduce_max_i64(&reduced, Int64(values.count)) }
        return reduced
    }

    public func allGather(_ bytes: [UInt8]) throws(CommunicatorError) -> [[UInt8]] {
        let counts = try byteCounts(bytes.count)
        var joined = [UInt8](repeating: 0, count: Int(counts.reduce(0, +)))
        try check("MPI_Allgatherv") { unsafe cmpi_allgather(bytes, Int64(bytes.count), &joined, counts) }
        return split(joined, by: counts)
    }

    public func gather(_ bytes: [UInt8], to root: Int) throws(CommunicatorError) -> [[UInt8]]? {
        let counts = try byteCounts(bytes.count)
        var joined = [UInt8](repeating: 0, count: rank == root ? Int(counts.reduce(0, +)) : 0)
        try check("MPI_Gatherv") { unsafe cmpi_gather(bytes, Int64(bytes.count), &joined, counts, Int32(root)) }
        return rank == root ? split(joined, by: counts) : nil
    }

    /// Collective: the byte count of every process.
    private func byteCounts(_ ownCount: Int) throws(CommunicatorError) -> [Int64] {
        var own = Int64(ownCount)
        var counts = [Int64](repeating: 0, count: size)
        let widths = [Int64](repeating: Int64(MemoryLayout<Int64>.size), count: size)
        try check("MPI_Allgather") { unsafe cmpi_allgather(&own, widths[0], &counts, widths) }
        return counts
    }

    private func split(_ joined: [UInt8], by counts: [Int64]) -> [[UInt8]] {
        var start = 0
        return counts.map { count in
            defer { start += Int(count) }
            return Array(joined[start..<start + Int(count)])
        }
    }

    public func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int) throws(CommunicatorError) {
        try check("MPI_Send") { unsafe cmpi_send(bytes.baseAddress, Int64(bytes.count), Int32(peer), Int32(tag)) }
    }

    public func receive(into bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int) throws(CommunicatorError) {
        try check("MPI_Recv") { unsafe cmpi_receive(bytes.baseAddress, Int64(bytes.count), Int32(peer), Int32(tag)) }
    }

    public func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws(CommunicatorError) {
        let sent: [UnsafeRawPointer?] = unsafe sends.map { unsafe $0.bytes.baseAddress }
        let received: [UnsafeMutableRawPointer?] = unsafe receives.map { unsafe $0.bytes.baseAddress }
        let sentCounts = sends.map { unsafe Int64($0.bytes.count) }
        let receivedCounts = receives.map { unsafe Int64($0.bytes.count) }
        let destinations = sends.map { Int32($0.peer) }
        let sources = receives.map { Int32($0.peer) }
        try check("MPI_Waitall") {
            unsafe cmpi_exchange(
                Int32(sends.count), sent, sentCounts, destinations,
                Int32(receives.count), received, receivedCounts, sources, Int32(tag))
        }
    }

    public func abort(exitCode: Int32) -> Never { Self.abortJob(exitCode: exitCode) }

    /// Ends all processes of the job with this exit code, from any thread. Only the command's `main` may call it.
    public static func abortJob(exitCode: Int32) -> Never {
        // The library waits for the launcher's answer, which may not come when that is in trouble itself.
        let limit = Thread {
            Thread.sleep(forTimeInterval: 20)
            _exit(exitCode)
        }
        limit.start()
        _ = cmpi_abort(exitCode)
        _exit(exitCode)
    }
}
