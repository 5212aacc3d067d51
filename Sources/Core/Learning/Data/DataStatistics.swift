/// What came out of preparing a data set, to be shown before a run.
public struct DataStatistics: Sendable, Equatable, Codable {
    /// Examples read, before any was dropped. A document counts once.
    package var readCount = 0
    /// Examples that can be trained on; a long document makes several.
    package var exampleCount = 0
    /// Examples that were cut to the maximal length.
    package var cutCount = 0
    /// Cut examples that were left out because nothing to learn was left in them.
    package var droppedCount = 0
    /// Examples that a chat template wrote as conversations.
    package var conversationCount = 0
    /// What those became: one whose earlier turns look different once later ones follow makes several.
    package var conversationExampleCount = 0
    /// What the template had to say, and for how many conversations.
    package var templateNotes: [String: Int] = [:]
    /// What the examples are; nil for tokens.
    package var content: DataContent?
    /// Examples of each class, in the order of the classes; nil where there are none.
    package var categoryCounts: [Int]?
    /// Pairs that were left out because their answers are equal; nil where there are none.
    package var equalCount: Int?
    /// Tokens of all examples.
    package var tokenCount = 0
    /// Positions with a target.
    package var supervisedCount = 0
    /// Lengths in tokens, over the examples that can be trained on.
    package var minimumLength = 0
    /// Half of the examples are no longer.
    package var medianLength = 0
    /// Nine tenths of the examples are no longer.
    package var length90 = 0
    /// Of the longest example.
    package var maximumLength = 0

    /// All zero.
    package init() {}

    /// Fills the length fields; the p-quantile is element ⌊p · (n - 1)⌋ of the sorted lengths.
    mutating func summarise(lengths: [Int]) {
        let sorted = lengths.sorted()
        func quantile(_ numerator: Int, _ denominator: Int) -> Int {
            sorted.isEmpty ? 0 : sorted[(sorted.count - 1) * numerator / denominator]
        }
        minimumLength = quantile(0, 1)
        medianLength = quantile(1, 2)
        length90 = quantile(9, 10)
        maximumLength = quantile(1, 1)
    }

    private var classSummary: String? {
        guard let categoryCounts, let fewest = categoryCounts.min(), let most = categoryCounts.max() else { return nil }
        return "\(categoryCounts.count) classes of \(fewest) to \(most) examples"
    }

    /// Two lines for a person.
    package var summary: String {
        if content == .images {
            return "\(exampleCount) images of \(maximumLength) numbers" + (classSummary.map { "\n" + $0 } ?? "")
        }
        let learned =
            switch content ?? .tokens {
            case .tokens, .pairs: ", \(supervisedCount) of them learned"
            case .categories, .values, .images: ""
            }
        var text = """
            \(exampleCount) \(content == .pairs ? "pairs" : "examples"), \(tokenCount) tokens\(learned); \
            length min \(minimumLength), median \(medianLength), 90 % \(length90), max \(maximumLength)
            """
        if let classSummary { text += "\n" + classSummary }
        if cutCount > 0 {
            text += "\n\(cutCount) of \(readCount) examples cut to the maximal length"
            if droppedCount > 0 { text += ", \(droppedCount) of them left out (nothing to learn was left)" }
        }
        return text
    }
}
