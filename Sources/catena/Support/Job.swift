import CatenaDistributed
import CatenaFiles
import Foundation

/// A run of one command on all processes that mpirun started, or on this one alone.
enum Job {
    /// Joins the processes, runs `body` and leaves; when it throws on any process, all processes end.
    ///
    /// A message that concerns all is printed by rank 0 alone; one of another rank's own after a moment in which
    /// rank 0 may have said it already and ended the job.
    static func run<Result>(
        threads: MPIThreadLevel = .funneled, _ body: (any Communicator) throws -> Result
    ) throws -> Result {
        let session = try MPISession.start(threads: threads)
        // MPI installs a handler of its own that prints a page of addresses.
        FaultGuard.install()
        let communicator = session.communicator
        do {
            let result = try body(communicator)
            try session.end()
            return result
        } catch {
            guard communicator.size > 1 else { throw error }
            let code = Failure.report(error, on: communicator)
            communicator.abort(exitCode: code)
        }
    }
}

extension Failure {
    fileprivate static func report(_ error: any Error, on communicator: any Communicator) -> Int32 {
        guard communicator.isRoot else {
            Thread.sleep(forTimeInterval: 2)
            if case CommunicatorError.peerFailed = error { return failed }
            StandardError.write("catena: error: rank \(communicator.rank): \(line(error))\n")
            return exitCode(for: error)
        }
        return report(error, of: Catena.self)
    }
}
