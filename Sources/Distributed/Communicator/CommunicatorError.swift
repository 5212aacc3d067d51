/// Why processes could not be joined, or a message between them failed.
public enum CommunicatorError: Error, Equatable, Sendable {
    /// An MPI call returned an error code.
    case mpi(call: String, code: Int32, processRank: Int, message: String)
    /// Another process failed in work that all had to finish.
    case peerFailed(processRank: Int, work: String, message: String)
    /// The processes were started with something that must be equal and is not.
    case mismatch(subject: String, processRank: Int, value: String, rankZeroValue: String)
    /// A launcher started `expected` processes, but MPI joined only `actual`.
    case wrongWorldSize(launcher: String, expected: Int, actual: Int)
    /// MPI was already finalised in this process; it cannot be started again.
    case alreadyFinalized
}

extension CommunicatorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .mpi(let call, let code, let processRank, let message):
            "\(call) failed on process rank \(processRank): \(message) (MPI code \(code)); check that all processes are alive and the network between the hosts works."
        case .peerFailed(let processRank, let work, let message):
            "process rank \(processRank) failed in \(work): \(message)"
        case .mismatch(let subject, let processRank, let value, let rankZeroValue):
            """
            \(subject) differs between processes: rank \(processRank) has \"\(value)\", rank 0 has \"\(rankZeroValue)\"; \
            start all processes with the same command, files and environment.
            """
        case .wrongWorldSize(let launcher, let expected, let actual):
            """
            \(launcher) started \(expected) processes, but MPI sees a world of \(actual), so each would train alone; \
            start with the mpirun of the Open MPI this program was built with, or with srun --mpi=pmix.
            """
        case .alreadyFinalized:
            "MPI was already finalised in this process; start one MPISession per process."
        }
    }
}
