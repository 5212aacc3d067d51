import CatenaSchema

extension ComparisonConfiguration.Budget: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("steps", \.steps, .wholeNumber(), "optimizer steps of every run"),
        .init("parameters", \.parameters, .wholeNumber(1...1 << 40), "trainable parameters of every method"),
    ]
}

extension ComparisonConfiguration.Budget {
    /// How far a method's number of trainable parameters may be from the wanted one before it is pointed out, as a part of it.
    package static let tolerance = 0.1

    /// Whether a method with this many trainable parameters is compared at another size than was asked for.
    package func isMissed(by count: Int) -> Bool {
        guard let parameters else { return false }
        return abs(Double(count - parameters)) > Self.tolerance * Double(parameters)
    }

    /// What to know of the methods that miss the budget, one sentence; nil if none does.
    package func missNote(_ counts: [(method: String, parameters: Int)]) -> String? {
        guard let parameters else { return nil }
        let missed = counts.filter { isMissed(by: $0.parameters) }
        guard !missed.isEmpty else { return nil }
        let list = missed.map { method, count in
            let percent = Int((100 * Double(count) / Double(parameters)).rounded())
            return "\(method) (\(ComparisonTable.grouped(count)), \(percent) %)"
        }
        return "More than \(Int(100 * Self.tolerance)) % away from the budget of "
            + "\(ComparisonTable.grouped(parameters)) parameters, because there is no rank to choose or no possible one comes "
            + "nearer: \(list.joined(separator: ", "))."
    }
}
