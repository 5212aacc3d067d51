import Foundation

/// What a progress display shows at one moment.
package struct ProgressSnapshot: Sendable, Equatable {
    /// Finished optimizer steps.
    package var step: Int
    /// Steps of the whole run.
    package var totalSteps: Int
    /// Loss of the last step.
    package var loss: Double
    /// Exponential mean of the recent steps' losses.
    package var smoothedLoss: Double
    /// Further means of the last step that are shown.
    package var means: [MetricsLine.Mean]
    /// Speed of the last step, over all ranks.
    package var tokensPerSecond: Double
    /// nil while it cannot be estimated.
    package var remainingSeconds: Double?

    /// A snapshot from its numbers.
    package init(
        step: Int, totalSteps: Int, loss: Double, smoothedLoss: Double,
        means: [MetricsLine.Mean] = [], tokensPerSecond: Double, remainingSeconds: Double?
    ) {
        self.means = means
        self.step = step
        self.totalSteps = totalSteps
        self.loss = loss
        self.smoothedLoss = smoothedLoss
        self.tokensPerSecond = tokensPerSecond
        self.remainingSeconds = remainingSeconds
    }

    private var fraction: Double { totalSteps > 0 ? min(1, max(0, Double(step) / Double(totalSteps))) : 0 }
    private var percent: String { "\(Int(fraction * 100))%" }
    private var remaining: String { DurationText.clock(seconds: remainingSeconds ?? .nan) }

    /// A line for a log file.
    package var plainLine: String {
        "step \(step)/\(totalSteps) (\(percent))  loss \(Self.loss(loss))  mean \(Self.loss(smoothedLoss))  \(meansText)"
            + "\(Self.rate(tokensPerSecond)) tokens/s  ETA \(remaining)"
    }

    private var meansText: String { means.map { "\($0.title) \(Self.loss($0.value))  " }.joined() }

    /// A bar with as much beside it as fits in `columns`; never longer than `columns` characters, escape codes aside.
    package func barLine(columns: Int, colour: Bool, unicode: Bool) -> String {
        let count = "\(step)/\(totalSteps)"
        let details = [
            "loss \(Self.loss(smoothedLoss)) (last \(Self.loss(loss)))  \(meansText)\(Self.rate(tokensPerSecond)) tokens/s  ETA \(remaining)",
            "loss \(Self.loss(smoothedLoss))  \(meansText)\(Self.rate(tokensPerSecond)) tokens/s  ETA \(remaining)",
            "loss \(Self.loss(smoothedLoss))  ETA \(remaining)",
            "loss \(Self.loss(smoothedLoss))",
        ]
        for detail in details {
            let rest = "  \(count)  \(detail)"
            let barWidth = min(30, columns - rest.count - 5)
            if barWidth >= 8 {
                return pad(percent) + " " + bar(barWidth, colour: colour, unicode: unicode) + rest
            }
        }
        return String("\(percent) \(count)".prefix(max(0, columns)))
    }

    private func pad(_ text: String) -> String {
        String(repeating: " ", count: max(0, 4 - text.count)) + text
    }

    private func bar(_ width: Int, colour: Bool, unicode: Bool) -> String {
        let filled = Int(fraction * Double(width))
        let done = String(repeating: unicode ? "━" : "#", count: filled)
        let left = String(repeating: unicode ? "─" : ".", count: width - filled)
        return colour ? "\u{1B}[36m\(done)\u{1B}[0m\u{1B}[2m\(left)\u{1B}[0m" : done + left
    }

    static func loss(_ value: Double) -> String {
        value.isFinite ? String(format: "%.4f", value) : "\(value)"
    }

    static func rate(_ value: Double) -> String {
        value.isFinite ? (value < 10 ? String(format: "%.1f", value) : String(Int(value.rounded()))) : "?"
    }
}
