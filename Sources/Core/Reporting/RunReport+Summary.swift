import Foundation

extension RunReport {
    /// The numbers at the head of the page.
    var summary: [Fact] {
        guard let last = lines.last else { return [Fact("Steps", "none finished")] }
        let recent = lines.suffix(20).map(\.loss)
        var facts = [
            Fact("Steps", String(last.step)),
            Fact(
                recent.count == 1 ? "Loss of the last step" : "Loss, mean of the last \(recent.count) steps",
                ProgressSnapshot.loss(recent.reduce(0, +) / Double(recent.count))),
        ]
        let validated = lines.filter { $0.validationLoss?.isFinite == true }
        if let latest = validated.last?.validationLoss {
            facts.append(Fact("Last validation loss", ProgressSnapshot.loss(latest)))
        }
        if let best = validated.min(by: { $0.validationLoss ?? .infinity < $1.validationLoss ?? .infinity }) {
            facts.append(
                Fact(
                    "Best validation loss (step \(best.step))",
                    ProgressSnapshot.loss(best.validationLoss ?? .nan)))
        }
        let rates = lines.map(\.tokensPerSecond).filter(\.isFinite).sorted()
        if !rates.isEmpty {
            facts.append(Fact("Tokens/s, median", ProgressSnapshot.rate(rates[rates.count / 2])))
        }
        return facts + [
            Fact("Tokens", Self.grouped(lines.reduce(0) { $0 + $1.tokens })),
            Fact("Supervised tokens", Self.grouped(lines.reduce(0) { $0 + $1.supervisedTokens })),
            Fact(
                "Time in steps",
                DurationText.clock(seconds: lines.map(\.seconds).filter(\.isFinite).reduce(0, +))),
            Fact("Most memory, rank 0", Self.gigabytes(lines.map(\.residentBytes).max() ?? 0)),
        ]
    }

    private static func gigabytes(_ bytes: Int) -> String { String(format: "%.2f GB", Double(bytes) / 1e9) }

    /// Digits in groups of three with thin spaces between.
    private static func grouped(_ value: Int) -> String {
        let digits = Array(String(value))
        return digits.enumerated().map { index, digit in
            index > 0 && (digits.count - index).isMultiple(of: 3) ? "\u{202F}\(digit)" : String(digit)
        }.joined()
    }
}

/// Text that HTML shows as it is.
package func htmlEscaped(_ text: String) -> String {
    text.map { character in
        switch character {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        default: String(character)
        }
    }.joined()
}
