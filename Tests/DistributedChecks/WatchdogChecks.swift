import CatenaDistributed
import Foundation
import Synchronization

/// What a watchdog reported.
private final class Reports: Sendable {
    private let all = Mutex<[Stall]>([])

    func add(_ stall: Stall) { all.withLock { $0.append(stall) } }
    var stalls: [Stall] { all.withLock { $0 } }

    /// Waits until something was reported, for at most 10 s.
    func wait() {
        for _ in 0..<500 where stalls.isEmpty { Thread.sleep(forTimeInterval: 0.02) }
    }
}

let watchdogChecks: [Check] = [
    Check(name: "a rank that computes for long is named as late and nothing is ended") { communicator, expectations in
        let reports = Reports()
        let watchdog = try Watchdog.start(communicator, timeoutSeconds: 0.5) { stall, _ in reports.add(stall) }
        expectations.expect((watchdog == nil) == (communicator.size == 1), "watchdog \(String(describing: watchdog))")
        if communicator.rank == communicator.size - 1 { Thread.sleep(forTimeInterval: 2) }
        try communicator.barrier(sleeping: true)
        try watchdog?.stop()
        expectations.expect(!reports.stalls.contains { $0.isFatal }, "\(reports.stalls)")
        guard communicator.isRoot, communicator.size > 1 else { return }
        guard case .late(let elsewhere, _, let waiting, let place)? = reports.stalls.first else {
            return expectations.fail("reported \(reports.stalls)")
        }
        expectations.expect(elsewhere.map(\.rank) == [communicator.size - 1], "late: \(elsewhere)")
        expectations.expect(waiting == Array(0..<communicator.size - 1), "waiting: \(waiting)")
        expectations.expect(place.collective == "barrier", "at \(place)")
        expectations.expect(reports.stalls.count <= 5, "\(reports.stalls.count) notes in 2 s")
    },
    Check(name: "ranks that wait in different collectives are a deadlock, and both are named") {
        communicator, expectations in
        guard communicator.size > 1 else { return }
        let reports = Reports()
        let activity = Activity()
        let watchdog = try Watchdog.start(communicator, timeoutSeconds: 0.3, activity: activity) { stall, _ in
            if stall.isFatal { reports.add(stall) }
        }
        activity.begin(step: 7)
        _ = activity.enter(communicator.isRoot ? "gather" : "reduction")
        reports.wait()
        try communicator.barrier(sleeping: true)
        try watchdog?.stop()
        guard communicator.isRoot else { return }
        guard case .deadlock(let places, _)? = reports.stalls.first else {
            return expectations.fail("reported \(reports.stalls)")
        }
        expectations.expect(
            places.map(\.collective) == ["gather"] + Array(repeating: "reduction", count: communicator.size - 1),
            "\(places)")
        expectations.expect(places.allSatisfy { $0.step == 7 }, "\(places)")
    },
    Check(name: "a process whose watchdog has ended is not missed") { communicator, expectations in
        let reports = Reports()
        let watchdog = try Watchdog.start(communicator, timeoutSeconds: 0.3) { stall, _ in reports.add(stall) }
        if !communicator.isRoot { try watchdog?.stop() }
        let entered = Activity.process.enter("waiting")
        Thread.sleep(forTimeInterval: 1)
        Activity.process.leave(entered)
        expectations.expect(!reports.stalls.contains { $0.isFatal }, "\(reports.stalls)")
        if communicator.isRoot { try watchdog?.stop() }
        try communicator.barrier()
    },
    Check(name: "a watchdog costs next to no processor time") { communicator, expectations in
        func processorSeconds() -> Double {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        }
        let watchdog = try Watchdog.start(communicator, timeoutSeconds: 10) { _, _ in }
        let before = processorSeconds()
        Thread.sleep(forTimeInterval: 3)
        let spent = processorSeconds() - before
        expectations.expect(spent < 0.03, "\(spent) s of 3 s")
        try communicator.barrier()
        try watchdog?.stop()
    },
]
