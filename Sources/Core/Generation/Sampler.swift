import Foundation

/// Chooses the next token from logits.
public struct Sampler: Sendable {
    /// 0 takes the most probable token; otherwise logits are divided by it.
    public var temperature: Double
    /// Tokens are drawn from the smallest set whose probability reaches this.
    public var topP: Double
    private var generator: SeededGenerator

    /// A sampler whose draws are a function of `seed`.
    public init(temperature: Double, topP: Double, seed: UInt64) {
        self.temperature = temperature
        self.topP = topP
        self.generator = SeededGenerator(seed: seed, purpose: "sampling")
    }

    /// The index of the chosen one of `logits`. Equal logits: the lowest index.
    ///
    /// - Source: Holtzman et al. 2019, *The Curious Case of Neural Text Degeneration*, arXiv:1904.09751.
    public mutating func sample(_ logits: UnsafeBufferPointer<Float>) -> Int {
        guard temperature > 0 else { return Self.greatest(logits) }
        let maximum = Double(logits.max() ?? 0)
        var candidates = logits.indices.map {
            (index: $0, probability: exp((Double(logits[$0]) - maximum) / temperature))
        }
        let total = candidates.reduce(0) { $0 + $1.probability }
        if topP < 1 {
            candidates.sort { ($1.probability, $0.index) < ($0.probability, $1.index) }
            var kept = 0.0
            let end = candidates.firstIndex { candidate in
                kept += candidate.probability
                return kept >= topP * total
            }
            candidates.removeSubrange(((end ?? candidates.count - 1) + 1)...)
        }
        let mass = candidates.reduce(0) { $0 + $1.probability }
        var remaining = Double(generator.next() >> 11) * 0x1p-53 * mass
        for candidate in candidates {
            remaining -= candidate.probability
            if remaining < 0 { return candidate.index }
        }
        return candidates[candidates.count - 1].index
    }

    private static func greatest(_ logits: UnsafeBufferPointer<Float>) -> Int {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best
    }
}
