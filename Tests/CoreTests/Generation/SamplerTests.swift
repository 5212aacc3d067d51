import CatenaLearning
import Foundation
import Testing

@Suite("Sampler")
struct SamplerTests {
    /// How often each of `logits` is drawn in `draws` draws.
    private func frequencies(
        _ logits: [Float], temperature: Double, topP: Double, draws: Int = 4000, seed: UInt64 = 1
    ) -> [Double] {
        var sampler = Sampler(temperature: temperature, topP: topP, seed: seed)
        var counts = [Int](repeating: 0, count: logits.count)
        for _ in 0..<draws { counts[logits.withUnsafeBufferPointer { sampler.sample($0) }] += 1 }
        return counts.map { Double($0) / Double(draws) }
    }

    @Test("temperature 0 takes the greatest logit, the first of equal ones")
    func greedy() {
        #expect(frequencies([1, 3, 2, 3], temperature: 0, topP: 1, draws: 10) == [0, 1, 0, 0])
        #expect(frequencies([-5, -9], temperature: 0, topP: 0.1, draws: 10) == [1, 0])
    }

    @Test("draws follow the softmax of the logits over the temperature", arguments: [0.5, 1, 2])
    func softmax(temperature: Double) {
        let logits: [Float] = [0, 1, 2, -1]
        let weights = logits.map { exp(Double($0) / temperature) }
        let total = weights.reduce(0, +)
        for (found, weight) in zip(frequencies(logits, temperature: temperature, topP: 1), weights) {
            // The standard deviation of a share is at most √(0.25 / 4000) = 0.008.
            #expect(abs(found - weight / total) < 0.035)
        }
    }

    @Test("top-p keeps the smallest set that reaches p, whatever the order of the logits")
    func topP() {
        // Probabilities 0.1, 0.5, 0.15, 0.25.
        let logits = [0.1, 0.5, 0.15, 0.25].map { Float(log($0)) }
        func kept(_ topP: Double) -> [Int] {
            frequencies(logits, temperature: 1, topP: topP).enumerated().filter { $0.element > 0 }.map(\.offset)
        }
        #expect(kept(0) == [1])
        #expect(kept(0.4) == [1])
        #expect(kept(0.7) == [1, 3])
        #expect(kept(0.85) == [1, 2, 3])
        #expect(kept(0.95) == [0, 1, 2, 3])
        #expect(kept(1) == [0, 1, 2, 3])
        let shares = frequencies(logits, temperature: 1, topP: 0.7)
        #expect(abs(shares[1] - 2.0 / 3) < 0.035)
    }

    @Test(
        "top-p keeps what a full sort keeps, whatever the distribution",
        arguments: [0.01, 0.3, 0.9, 0.999], [0.2, 1, 5])
    func topPSet(topP: Double, temperature: Double) {
        var noise = Noise(UInt64(topP * 1000) + UInt64(temperature * 7))
        let logits = (0..<40).map { _ in 3 * noise.next() }
        let greatest = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - greatest) / temperature) }
        let sorted = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
        var mass = 0.0
        let last = sorted.firstIndex {
            mass += weights[$0]
            return mass >= topP * weights.reduce(0, +)
        }
        let kept = Set(sorted[...(last ?? sorted.count - 1)])
        let drawn = frequencies(logits, temperature: temperature, topP: topP).enumerated().filter { $0.element > 0 }
        #expect(Set(drawn.map(\.offset)).isSubset(of: kept))
        #expect(drawn.contains { $0.offset == sorted[0] })
    }

    @Test("the draws are a function of the seed")
    func seeds() {
        let logits = [Float](repeating: 0, count: 50)
        func draws(_ seed: UInt64) -> [Int] {
            var sampler = Sampler(temperature: 1, topP: 1, seed: seed)
            return (0..<20).map { _ in logits.withUnsafeBufferPointer { sampler.sample($0) } }
        }
        #expect(draws(3) == draws(3))
        #expect(draws(3) != draws(4))
    }

    @Test("logits of minus infinity and a temperature near 0 are no trouble")
    func extremes() {
        #expect(frequencies([-.infinity, 2, -.infinity], temperature: 1, topP: 0.9, draws: 50) == [0, 1, 0])
        #expect(frequencies([1, 2, 1.5], temperature: 1e-6, topP: 1, draws: 50) == [0, 1, 0])
        #expect(frequencies([900, -900], temperature: 1, topP: 1, draws: 50) == [1, 0])
    }
}
