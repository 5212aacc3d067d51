import Foundation

/// Places where a test can make one process compute something else than the others.
///
/// `CATENA_FAULT_AT=point[:number][@processRank]` arms one, as ``CrashPoint`` reads it.
enum FaultPoint {
    private static let armed: CrashPoint.Trigger? = {
        let environment = ProcessInfo.processInfo.environment
        guard let trigger = environment["CATENA_FAULT_AT"].flatMap(CrashPoint.Trigger.init) else { return nil }
        guard let processRank = trigger.processRank else { return trigger }
        return processRank == LaunchEnvironment.processRank(in: environment) ? trigger : nil
    }()

    /// Whether this process is to go wrong here.
    static func isArmed(_ point: String, number: Int) -> Bool {
        armed?.point == point && armed?.number == number
    }
}
