import CatenaDistributed

/// Watches over the other ranks while a verb works on all of them.
enum RankWatchdog {
    /// Collective: starts the watchdogs; says once if the MPI library does not allow that. A fatal stall ends the job.
    ///
    /// - Parameter timeoutSeconds: nil for no watchdog.
    static func start(_ communicator: any Communicator, timeoutSeconds: Double?) throws -> Watchdog? {
        guard let timeoutSeconds, communicator.size > 1 else { return nil }
        let watchdog = try Watchdog.start(communicator, timeoutSeconds: timeoutSeconds) { stall, hosts in
            let text = stall.description(hosts: hosts)
            switch stall {
            case .endedByOther: break
            case .silent, .deadlock: StandardError.write("catena: error: \(text)\n")
            case .late: StandardError.write("note: \(text)\n")
            }
            if stall.isFatal { MPICommunicator.abortJob(exitCode: Failure.stalled) }
        }
        if watchdog == nil, communicator.isRoot {
            StandardError.write(
                "the MPI library does not support calls from several threads: the stall watchdog is off\n")
        }
        return watchdog
    }
}
