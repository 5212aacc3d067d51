import CatenaFiles
import Foundation

/// "evaluated 12 of 100" on standard error: rewritten in place on a terminal, a line every few seconds elsewhere.
final class CountProgress {
    private let label: String
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = MonotonicClock.seconds()
    private var last: Double
    private var hasShown = false

    init(_ label: String, total: Int) {
        self.label = label
        self.total = total
        last = start
    }

    func update(_ count: Int) {
        let now = MonotonicClock.seconds()
        guard now - last >= (isTerminal ? 0.2 : 5) else { return }
        last = now
        hasShown = true
        let remaining = count > 0 ? (now - start) / Double(count) * Double(max(total - count, 0)) : 0
        let text = "\(label) \(count) of \(total), about \(Int(remaining.rounded(.up))) s left"
        StandardError.write(verbatim: isTerminal ? "\r\u{1B}[K\(text)" : text + "\n")
    }

    func finish() {
        if hasShown, isTerminal { StandardError.write(verbatim: "\r\u{1B}[K") }
    }
}
