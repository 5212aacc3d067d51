import Foundation
import Glibc
import Synchronization

/// Places where a test can kill the process with SIGKILL, as a power cut would, or stop it with SIGSTOP, as a hung machine
/// would: every durable write and every collective.
///
/// `CATENA_CRASH_AT=point[:number][@processRank]` arms one to kill, `CATENA_STOP_AT` one to stop. For points reached with a
/// number (`step-end:50`) `number` is that number, for others the occurrence, counted from 1 (the default). Without
/// `@processRank` every process is armed.
package enum CrashPoint {
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

    /// A trigger of this process and what it sends.
    private final class Armed: Sendable {
        let trigger: Trigger
        let signal: Int32
        private let arrivals = Atomic<Int>(0)

        /// Nil when the variable is not set, or for another process.
        init?(_ variable: String, _ signal: Int32) {
            let environment = ProcessInfo.processInfo.environment
            guard let trigger = environment[variable].flatMap(Trigger.init) else { return nil }
            if let rank = trigger.processRank, rank != LaunchEnvironment.processRank(in: environment) { return nil }
            (self.trigger, self.signal) = (trigger, signal)
        }

        func reached(_ number: Int?) {
            let current = number ?? arrivals.add(1, ordering: .relaxed).newValue
            guard current == trigger.number else { return }
            kill(getpid(), signal)
            while signal == SIGKILL { pause() }
        }
    }

    private static let armed = [Armed("CATENA_CRASH_AT", SIGKILL), Armed("CATENA_STOP_AT", SIGSTOP)].compactMap(\.self)

    /// Kills or stops the process here if this point is armed; costs next to nothing otherwise.
    package static func reached(_ point: String, number: @autoclosure () -> Int? = nil) {
        for armed in armed where armed.trigger.point == point { armed.reached(number()) }
    }
}
