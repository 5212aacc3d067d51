import CatenaEngine
import CatenaReporting
import Foundation

/// A fault for tests: bad memory in one process.
///
/// `CATENA_FLIP_BIT=step[:element][@processRank]` changes the lowest bit of one element (1 by default) of the flat buffer of
/// trained values after that step, in every process without `@processRank`.
final class BitFlip: TrainingHook {
    private static let armed: CrashPoint.Trigger? = {
        let environment = ProcessInfo.processInfo.environment
        guard let trigger = environment["CATENA_FLIP_BIT"].flatMap(CrashPoint.Trigger.init) else { return nil }
        guard let processRank = trigger.processRank else { return trigger }
        return processRank == LaunchEnvironment.processRank(in: environment) ? trigger : nil
    }()

    private let trained: Trained

    init(_ trained: Trained) { self.trained = trained }

    /// Flips the bit if it is armed for this step.
    func stepEnded(_ context: StepContext, _ metrics: MetricsLine) {
        let parameters = trained.state.moved
        guard let armed = Self.armed, Int(armed.point) == context.step, (0..<parameters.count).contains(armed.number)
        else { return }
        let element = unsafe parameters.values.pointer + armed.number
        unsafe element.pointee = Float(bitPattern: element.pointee.bitPattern ^ 1)
    }
}
