import Foundation
import Glibc
import Synchronization

/// Places where a test can kill the process with SIGKILL, as a power cut would.
///
/// `CATENA_CRASH_AT=point[:number][@processRank]` arms one. For points reached with a number (`step-end:50`) `number` is that
/// number, for others the occurrence, counted from 1 (the default). Without `@processRank` every process is armed.
public enum CrashPoint {
    /// Which arrival kills which process.
    package struct Trigger: Equatable, Sendable {
        package let point: String
        package let number: Int
        package let processRank: Int?

        /// Nil for a text that is not of the form `point[:number][@processRank]`.
        package init?(_ text: String) {
            let place = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            let parts = place[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard !parts[0].isEmpty, let number = parts.count == 2 ? Int(parts[1]) : 1 else { return nil }
            let processRank = place.count == 2 ? Int(place[1]) : nil
            if place.count == 2, processRank == nil { return nil }
            point = String(parts[0])
            self.number = number
            self.processRank = processRank
        }
    }

    private static let armed: Trigger? = {
        let environment = ProcessInfo.processInfo.environment
        guard let trigger = environment["CATENA_CRASH_AT"].flatMap(Trigger.init) else { return nil }
        guard let processRank = trigger.processRank else { return trigger }
        return processRank == LaunchEnvironment.processRank(in: environment) ? trigger : nil
    }()
    private static let arrivals = Atomic<Int>(0)

    /// Kills the process here if this point is armed; costs one comparison otherwise.
    public static func reached(_ point: String, number: Int? = nil) {
        guard let armed, armed.point == point else { return }
        let current = number ?? arrivals.add(1, ordering: .relaxed).newValue
        guard current == armed.number else { return }
        kill(getpid(), SIGKILL)
        while true { pause() }
    }
}
