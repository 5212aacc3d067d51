import CatenaDistributed
import CatenaLearning
import CatenaReporting
import Foundation

/// Shows the events of a sequence of tasks on standard error: a line for each task, and the steps of the present run.
final class IncrementalPrinter {
    private let logEverySeconds: Double
    private var progress: ProgressReporter?

    init(logEverySeconds: Double) { self.logEverySeconds = logEverySeconds }

    func show(_ event: IncrementalRunner.Event) {
        switch event {
        case .note(let text): message(text)
        case .began(let number, let count, let classes, let samples, let remembered):
            message(
                "task \(number) of \(count): \(classes) new classes, \(samples) samples"
                    + (remembered > 0 ? " and \(remembered) remembered ones" : ""))
        case .training(let event): show(event)
        case .ended(let result, let seen):
            finish()
            message(
                String(
                    format: "  accuracy on %d classes %.4f (%.4f before aligning, γ %.4f)", seen, result.accuracy,
                    result.accuracyBeforeAligning, result.gamma))
        }
    }

    func finish() {
        progress?.finish()
        progress = nil
    }

    private func show(_ event: TrainerEvent) {
        switch event {
        case .note(let text) where text.hasPrefix("RESUMED"): message("  " + text)
        case .started(let summary, let completedSteps):
            progress = ProgressReporter(
                totalSteps: summary.totalSteps, completedSteps: completedSteps,
                style: .detect(everySeconds: logEverySeconds), write: StandardError.write(verbatim:))
        case .step(let line):
            progress?.report(step: line.step, loss: line.loss, tokensPerSecond: line.tokensPerSecond)
        case .note, .checkpoint, .finished: break
        }
    }

    private func message(_ text: String) {
        if let progress { progress.message(text) } else { StandardError.write(text + "\n") }
    }
}
