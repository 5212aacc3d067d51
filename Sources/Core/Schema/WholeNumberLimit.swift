/// The largest whole numbers of configurations and of adapters' files.
///
/// They are far above all use, and products of any three of them with a model's sizes stay below 2⁶³.
public enum WholeNumberLimit {
    /// Steps, epochs, numbers of things: 2³⁰.
    public static let count = 1 << 30
    /// Tokens of a sequence: 2²².
    package static let tokens = 1 << 22
    /// Sequences of a batch: 2²⁰.
    package static let batch = 1 << 20
    /// Ranks and other inner sizes of adapters: 2¹⁶.
    package static let rank = 1 << 16
    /// Threads of a process.
    package static let threads = 1024
    /// Matrices in a row for one layer.
    package static let mixers = 64

    /// What a message says about a range; its end matters only to those who are beyond it.
    package static func expected(_ range: ClosedRange<Int>, found: Int?) -> String {
        "a whole number of at least \(range.lowerBound)"
            + (found ?? 0 > range.upperBound ? " and at most \(range.upperBound)" : "")
    }
}

extension ConfigurationNode {
    /// The whole number, if it is in `range`.
    package func integer(_ range: ClosedRange<Int>) -> Int? { integer.flatMap { range.contains($0) ? $0 : nil } }
}
