import CatenaFiles

/// Shows how a run goes: one redrawn line on a terminal, a plain line now and then elsewhere.
///
/// It does not print: text goes to the closure it is given. Not for use by several threads at once.
package final class ProgressReporter {
    private let totalSteps: Int
    private let style: ProgressStyle
    private let columns: () -> Int
    private let now: () -> Double
    private let write: (String) -> Void

    private var shown: ProgressSnapshot?
    private var latest: ProgressSnapshot?
    private var lastShownSeconds = -Double.infinity
    private var barIsOnScreen = false
    private var loss = SmoothedValue(decay: 0.95)
    private var stepSeconds = SmoothedValue(decay: 0.9)
    private var previous: (step: Int, seconds: Double)

    /// - Parameters:
    ///   - completedSteps: steps done before this process started (a resumed run).
    ///   - columns: the width of the terminal now.
    ///   - now: a clock in seconds that only moves forward.
    ///   - write: receives text with its line ends and control codes.
    package init(
        totalSteps: Int, completedSteps: Int = 0, style: ProgressStyle,
        columns: @escaping () -> Int = { ProgressStyle.terminalColumns() },
        now: @escaping () -> Double = { MonotonicClock.seconds() }, write: @escaping (String) -> Void
    ) {
        self.totalSteps = totalSteps
        self.style = style
        self.columns = columns
        self.now = now
        self.write = write
        previous = (completedSteps, now())
    }

    /// Takes note of a finished step, and shows it when it is time: always the first and the last one.
    package func report(
        step: Int, loss lastLoss: Double, means: [MetricsLine.Mean] = [], tokensPerSecond: Double
    ) {
        let time = now()
        loss.add(lastLoss)
        if step > previous.step { stepSeconds.add((time - previous.seconds) / Double(step - previous.step)) }
        previous = (step, time)
        let snapshot = ProgressSnapshot(
            step: step, totalSteps: totalSteps, loss: lastLoss, smoothedLoss: loss.mean ?? lastLoss,
            means: means, tokensPerSecond: tokensPerSecond,
            remainingSeconds: stepSeconds.mean.map { $0 * Double(max(0, totalSteps - step)) })
        latest = snapshot
        if step >= totalSteps || time - lastShownSeconds >= style.intervalSeconds { show(snapshot, at: time) }
    }

    /// Prints a line of its own, above the bar if there is one.
    package func message(_ text: String) {
        write((barIsOnScreen ? "\r\u{1B}[K" : "") + PrintableText.escaped(text) + "\n")
        if barIsOnScreen, let shown { show(shown, at: lastShownSeconds) }
    }

    /// Shows the last step if it was not shown yet and ends the bar's line.
    package func finish() {
        if let latest, latest != shown { show(latest, at: now()) }
        if barIsOnScreen { write("\n") }
        barIsOnScreen = false
    }

    private func show(_ snapshot: ProgressSnapshot, at time: Double) {
        switch style {
        case .bar(let colour, let unicode):
            // A line as wide as the terminal would wrap on some of them.
            write(
                "\r" + snapshot.barLine(columns: columns() - 1, colour: colour, unicode: unicode) + "\u{1B}[K"
            )
            barIsOnScreen = true
        case .lines:
            write(snapshot.plainLine + "\n")
        }
        shown = snapshot
        lastShownSeconds = time
    }
}

/// Exponential mean without the pull towards 0 at its start: m = Σ decay^k x / Σ decay^k.
struct SmoothedValue {
    let decay: Double
    private var sum = 0.0
    private var weight = 0.0

    init(decay: Double) { self.decay = decay }

    mutating func add(_ value: Double) {
        sum = sum * decay + value
        weight = weight * decay + 1
    }

    var mean: Double? { weight > 0 ? sum / weight : nil }
}
