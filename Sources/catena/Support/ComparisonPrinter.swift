import CatenaLearning
import CatenaDistributed
import CatenaFiles
import CatenaReporting

/// Shows a comparison's events on standard error: a line for each part of the work, and the steps of the present run.
final class ComparisonPrinter {
    private let logEverySeconds: Double
    private var progress: ProgressReporter?
    private var begin = MonotonicClock.seconds()
    /// Seconds of each run that this start has trained from its beginning, its tests included.
    private var cellSeconds: [Double] = []

    init(logEverySeconds: Double) {
        self.logEverySeconds = logEverySeconds
    }

    func show(_ event: ComparisonEvent) {
        switch event {
        case .note(let text): message(text)
        case .sized(let methods):
            let width = methods.map(\.name.count).max() ?? 0
            for (name, choice) in methods {
                let padding = String(repeating: " ", count: width - name.count)
                let rank = choice.rank.map { "rank \($0), " } ?? ""
                message("\(name)\(padding)  \(rank)\(choice.parameters) trainable parameters")
            }
        case .began(let work):
            begin = MonotonicClock.seconds()
            message(Self.text(work) + remaining(work))
        case .training(let event): show(event)
        case .result(let result):
            finish()
            message(Self.text(result))
        case .tested(let name, let test): message("  " + Self.text(test, of: name))
        case .ended(let work):
            if work.kind == .training { cellSeconds.append(MonotonicClock.seconds() - begin) }
        case .table: break
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

    /// The mean of the runs so far, times those that are left, this one included.
    private func remaining(_ work: ComparisonEvent.Work) -> String {
        guard work.kind == .training, !cellSeconds.isEmpty else { return "" }
        let mean = cellSeconds.reduce(0, +) / Double(cellSeconds.count)
        return ", ETA of all \(DurationText.clock(seconds: mean * Double(work.count - work.number + 1)))"
    }

    private static func text(_ work: ComparisonEvent.Work) -> String {
        guard let cell = work.cell else { return "testing the untrained model" }
        let name = "\(cell.method), learning rate \(cell.learningRate), seed \(cell.seed)"
        return work.kind == .testing ? "testing \(name)" : "cell \(work.number) of \(work.count): \(name)"
    }

    private static func text(_ result: CellResult) -> String {
        if let divergence = result.divergence { return "  diverged: \(divergence)" }
        return "  validation loss \(Float(result.validationLoss)), \(Int(result.tokensPerSecond.rounded())) tokens/s, "
            + "\(DurationText.clock(seconds: result.seconds)) in steps, \(SizeText.bytes(result.peakResidentBytes))"
    }

    private static func text(_ test: TestResult, of name: String) -> String {
        var parts = test.validationLoss.map { ["validation loss \(Float($0))"] } ?? []
        parts += test.scores.sorted { $0.key < $1.key }.map { "\($0.key) \(Float($0.value.value))" }
        return (parts.isEmpty ? "tested" : parts.joined(separator: ", "))
    }
}
