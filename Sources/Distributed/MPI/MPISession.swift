internal import CMPI
import Foundation

/// How many threads of a process may call MPI.
public enum MPIThreadLevel: Int32, Sendable, Comparable {
    case single = 0
    /// Only the main thread calls MPI.
    case funneled = 1
    /// Several threads call MPI, one at a time.
    case serialized = 2
    case multiple = 3

    /// In the order of what is allowed.
    public static func < (left: MPIThreadLevel, right: MPIThreadLevel) -> Bool { left.rawValue < right.rawValue }
}

/// The life of MPI in this process.
public final class MPISession {
    /// The processes of the job.
    public let communicator: any Communicator
    /// The level MPI granted, which may be below the one asked for.
    public let threadLevel: MPIThreadLevel
    private var isRunning: Bool

    private init(communicator: any Communicator, threadLevel: MPIThreadLevel, isRunning: Bool) {
        self.communicator = communicator
        self.threadLevel = threadLevel
        self.isRunning = isRunning
    }

    /// Joins the job this process was started in. Without mpirun or srun it is a job of one process and MPI is not started.
    ///
    /// - Parameter environment: nil means this process's own.
    /// - Throws: `CommunicatorError.wrongWorldSize` when the launcher started another number of processes than MPI sees.
    public static func start(
        environment: [String: String]? = nil, threads: MPIThreadLevel = .funneled
    ) throws(CommunicatorError) -> MPISession {
        let environment = environment ?? ProcessInfo.processInfo.environment
        let launch = LaunchEnvironment.detect(in: environment)
        guard let launcher = launch.launcher else {
            return MPISession(communicator: SingleProcessCommunicator(), threadLevel: threads, isRunning: false)
        }
        var finalized: Int32 = 0
        try mpi("MPI_Finalized", processRank: 0) { unsafe cmpi_finalized(&finalized) }
        guard finalized == 0 else { throw .alreadyFinalized }
        var provided: Int32 = 0
        try mpi("MPI_Init_thread", processRank: LaunchEnvironment.processRank(in: environment)) {
            unsafe cmpi_init_thread(threads.rawValue, &provided)
        }
        let threadLevel = MPIThreadLevel(rawValue: provided) ?? .single
        let communicator = try MPICommunicator(threadLevel: threadLevel)
        if let expected = launch.expectedSize, expected != communicator.size {
            throw .wrongWorldSize(launcher: launcher, expected: expected, actual: communicator.size)
        }
        return MPISession(communicator: communicator, threadLevel: threadLevel, isRunning: true)
    }

    /// Leaves the job; waits for all processes. The communicator must not be used afterwards.
    public func end() throws(CommunicatorError) {
        guard isRunning else { return }
        isRunning = false
        try mpi("MPI_Finalize", processRank: communicator.rank) { cmpi_finalize() }
    }
}
