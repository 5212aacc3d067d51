import Dispatch
import Foundation

/// A thread of each process that tells the others it is alive and finds out whom they wait for in vain.
///
/// It sleeps between looks (a tenth of the timeout, at most 5 s) and never waits for another process, so a stopped process
/// cannot hang it. A process is silent when its watchdog sends nothing: it was stopped, or its machine or network is gone.
/// A process that merely computes for long still answers.
package final class Watchdog {
    private let heartbeats: MPIHeartbeats
    private let stopAsked = DispatchSemaphore(value: 0)
    private let hasStopped = DispatchSemaphore(value: 0)

    /// Collective: starts the watchdogs of all processes.
    ///
    /// - Parameters:
    ///   - timeoutSeconds: how long a process may be silent while others wait for it.
    ///   - report: called by the watchdog's thread; for a fatal stall it should end the job.
    /// - Returns: nil in a job of one process, and when the MPI library does not let several threads call it.
    package static func start(
        _ communicator: any Communicator, timeoutSeconds: Double, activity: Activity = .process,
        report: @escaping @Sendable (Stall, _ hosts: [String]) -> Void
    ) throws(CommunicatorError) -> Watchdog? {
        guard let heartbeats = try MPIHeartbeats.open(communicator, byteCount: Heartbeat.byteCount) else { return nil }
        let hosts = try communicator.allGather(Array(communicator.hostName.utf8)).map {
            String(decoding: $0, as: UTF8.self)
        }
        let detector = StallDetector(
            rank: communicator.rank, size: communicator.size, timeoutSeconds: timeoutSeconds)
        let watchdog = Watchdog(heartbeats)
        let interval = min(max(timeoutSeconds / 10, 0.02), 5)
        let thread = Thread { [stopAsked = watchdog.stopAsked, hasStopped = watchdog.hasStopped] in
            run(heartbeats, detector, interval: interval, activity: activity, stopAsked: stopAsked) {
                report($0, hosts)
            }
            hasStopped.signal()
        }
        thread.name = "watchdog"
        thread.start()
        return watchdog
    }

    private init(_ heartbeats: MPIHeartbeats) {
        self.heartbeats = heartbeats
    }

    /// Tells the others that this process has done its part, and ends the thread. Call it once, before MPI ends.
    package func stop() throws(CommunicatorError) {
        stopAsked.signal()
        hasStopped.wait()
        try heartbeats.close()
    }

    private static func run(
        _ heartbeats: MPIHeartbeats, _ start: StallDetector, interval: Double, activity: Activity,
        stopAsked: DispatchSemaphore, report: (Stall) -> Void
    ) {
        var detector = start
        let clock = ContinuousClock()
        var last = clock.now
        repeat {
            let own = activity.snapshot
            // A message that cannot be sent or received shows as silence.
            try? heartbeats.send(Heartbeat(own).encoded)
            let heard = (try? heartbeats.receive()) ?? []
            let now = clock.now
            let seconds = min((now - last) / .seconds(1), 3 * interval)
            last = now
            guard !heard.isEmpty else { continue }
            let stall = detector.look(
                secondsSinceLast: seconds, own: own, heard: heard.map { $0.map(Heartbeat.init(decoding:)) })
            guard let stall else { continue }
            if stall.isFatal { try? heartbeats.send(Heartbeat(own, .endsJob).encoded) }
            report(stall)
        } while stopAsked.wait(timeout: .now() + interval) == .timedOut
        try? heartbeats.send(Heartbeat(activity.snapshot, .ended).encoded)
    }
}
