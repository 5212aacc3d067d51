import CatenaEngine
import Foundation

/// Chooses the next token from logits.
public struct Sampler: Sendable {
    /// 0 takes the most probable token; otherwise logits are divided by it.
    public var temperature: Double
    /// Tokens are drawn from the smallest set whose probability reaches this.
    public var topP: Double
    private var generator: SeededGenerator
    /// exp((logit - greatest) / temperature) of each token; kept for its memory.
    private var weights: [Double] = []

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
        guard temperature > 0 else { return unsafe Self.greatest(logits) }
        let maximum = unsafe Double(logits.max() ?? 0)
        weights.removeAll(keepingCapacity: true)
        weights.reserveCapacity(logits.count)
        var total = 0.0
        for id in logits.indices {
            let weight = unsafe exp((Double(logits[id]) - maximum) / temperature)
            weights.append(weight)
            total += weight
        }
        return topP < 1 ? drawFromMostProbable(total: total) : draw(from: weights.indices, mass: total)
    }

    /// Sorts no more than needed: tokens below (1 - p) / count of the total hold less than 1 - p of it together, so those that
    /// are kept are among the others.
    private mutating func drawFromMostProbable(total: Double) -> Int {
        let least = (1 - topP) * total / Double(weights.count)
        var candidates = weights.indices.filter { weights[$0] >= least }
        candidates.sort { (weights[$1], $0) < (weights[$0], $1) }
        var mass = 0.0
        let last = candidates.firstIndex { candidate in
            mass += weights[candidate]
            return mass >= topP * total
        }
        return draw(from: candidates[...(last ?? candidates.count - 1)], mass: mass)
    }

    /// One of `candidates`, whose weights add up to `mass`.
    private mutating func draw(from candidates: some BidirectionalCollection<Int>, mass: Double) -> Int {
        var remaining = Double(generator.next() >> 11) * 0x1p-53 * mass
        for candidate in candidates {
            remaining -= weights[candidate]
            if remaining < 0 { return candidate }
        }
        return candidates.last ?? 0
    }

    private static func greatest(_ logits: UnsafeBufferPointer<Float>) -> Int {
        var best = 0
        for index in logits.indices where unsafe logits[index] > logits[best] { best = index }
        return best
    }
}
