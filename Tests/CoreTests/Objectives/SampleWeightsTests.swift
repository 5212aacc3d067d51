import CatenaLearning
import Foundation
import Testing

/// The vectors are numpy's, in float64, of the losses 1, 2, 3, 5.
@Suite("Weights of samples by their losses")
struct SampleWeightsTests {
    private static let losses: [Double?] = [1, 2, 3, 5]

    private func weights(
        _ losses: [Double?] = losses, _ strategy: SampleWeightStrategy = .linupper, temperature: Double = 1,
        clip: Double = 0
    ) -> [Double] {
        let relative = SampleWeights(
            losses: losses, strategy: strategy, temperature: temperature, clipQuantile: clip
        ).relative
        let count = Double(losses.count { $0 != nil })
        return relative.map { $0 / count }
    }

    private func expectNear(_ found: [Double], _ expected: [Double], _ tolerance: Double = 5e-7) {
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) < tolerance) }
    }

    @Test("h is -1, 0 and 1 at the lowest, middle and highest loss, and every f is what it says")
    func scores() {
        let h = Self.losses.compactMap { $0.map { SampleWeightStrategy.normalised($0, in: 1...5) } }
        #expect(h == [-1, -0.5, 0, 1])
        #expect(h.map(SampleWeightStrategy.linupper.score) == [0, 0.5, 1, 1])
        #expect(h.map(SampleWeightStrategy.quadratic.score) == [0, 0.75, 1, 0])
        #expect(h.map(SampleWeightStrategy.extremes.score) == [1, 0.5, 0, 1])
        #expect(h.map(SampleWeightStrategy.upper.score) == [0, 0.25, 0.5, 1])
    }

    @Test("the weights are the reference's vectors")
    func vectors() {
        expectNear(weights(temperature: 1), [0.123681, 0.203916, 0.336201, 0.336201])
        expectNear(weights(temperature: 0.4), [0.034656, 0.120960, 0.422192, 0.422192])
        expectNear(weights(temperature: 100), [0.248440, 0.249686, 0.250937, 0.250937])
        expectNear(weights(Self.losses, .quadratic), [0.146300, 0.309717, 0.397684, 0.146300])
        expectNear(weights(Self.losses, .quadratic, temperature: 0.4), [0.048301, 0.314965, 0.588432, 0.048301])
        expectNear(weights(Self.losses, .extremes), [0.336201, 0.203916, 0.123681, 0.336201])
        expectNear(weights(Self.losses, .extremes, temperature: 0.4), [0.422192, 0.120960, 0.034656, 0.422192])
        expectNear(weights(Self.losses, .upper), [0.150353, 0.193057, 0.247890, 0.408701])
    }

    @Test("one sample, and samples of equal losses, count exactly 1", arguments: SampleWeightStrategy.allCases)
    func equal(_ strategy: SampleWeightStrategy) {
        for count in [1, 2, 3, 7, 49, 1000] {
            let losses = [Double?](repeating: 2.7182817, count: count)
            let found = SampleWeights(losses: losses, strategy: strategy, temperature: 0.4)
            #expect(found.relative.allSatisfy { $0 == 1 } && found.isHighest.allSatisfy { $0 })
        }
    }

    @Test("no weight is more than exp(1 / r) times another, and all add up to 1", arguments: [0.1, 0.4, 1, 100])
    func bound(temperature: Double) {
        let losses: [Double?] = (0..<64).map { pow(Double(($0 * 37) % 64), 1.7) / 100 }
        for strategy in SampleWeightStrategy.allCases {
            let found = weights(losses, strategy, temperature: temperature)
            #expect(abs(found.reduce(0, +) - 1) < 1e-12)
            let (least, most) = (found.min() ?? 0, found.max() ?? 0)
            #expect(most / least <= exp(1 / temperature) * (1 + 1e-12))
        }
    }

    @Test("the weights are where Σ w f - r KL(w, uniform) is largest")
    func variational() {
        let (r, n) = (0.4, 4.0)
        let f = [0, 0.5, 1, 1]
        func value(_ w: [Double]) -> Double {
            zip(w, f).reduce(0) { $0 + $1.0 * $1.1 - r * $1.0 * log($1.0 * n) }
        }
        let found = weights(temperature: r)
        for i in 0..<4 {
            for j in 0..<4 where i != j {
                for step in [1e-3, 1e-2, 0.03] {
                    var other = found
                    (other[i], other[j]) = (other[i] + step, other[j] - step)
                    #expect(value(other) < value(found))
                }
            }
        }
    }

    @Test("losses that are nearly equal keep their digits: the spread is taken to be at least 10⁻⁶")
    func tinySpread() {
        // Two neighbouring float32 numbers; the difference of two large quotients has nothing of them left.
        let (low, high) = (Double(Float(2.7182817)), Double(Float(2.7182817).nextUp))
        let expected = (high - low) / 1e-6
        #expect(abs(SampleWeightStrategy.normalised(low, in: low...high) + expected) < 1e-6)
        #expect(abs(SampleWeightStrategy.normalised(high, in: low...high) - expected) < 1e-6)
        #expect(weights([low, high]) != [0.5, 0.5])
    }

    @Test("a sample without a loss counts nothing and moves nobody")
    func leftOut() {
        let found = SampleWeights(losses: [nil, 1, 2, nil, 3, 5], strategy: .linupper, temperature: 0.4)
        let alone = SampleWeights(losses: Self.losses, strategy: .linupper, temperature: 0.4)
        #expect(found.relative == [0, alone.relative[0], alone.relative[1], 0] + alone.relative[2...])
        #expect(found.isHighest == [false, false, false, false, true, true])
        #expect(SampleWeights(losses: [nil, nil], strategy: .linupper, temperature: 1).relative == [0, 0])
        #expect(SampleWeights(losses: [], strategy: .extremes, temperature: 1).relative.isEmpty)
    }

    @Test("beside a loss that is not finite all count alike", arguments: [Double.nan, .infinity])
    func notFinite(loss: Double) {
        let found = SampleWeights(losses: [1, loss, nil, 3], strategy: .linupper, temperature: 1)
        #expect(found.relative == [1, 1, 0, 1])
    }

    @Test("with a quantile one outlier does not stretch the scale")
    func clipped() {
        let losses: [Double?] = [1, 2, 3, 4, 1000]
        let plain = SampleWeights(losses: losses, strategy: .linupper, temperature: 1)
        #expect(plain.isHighest == [false, false, false, false, true])
        // numpy.quantile of 0.25 and 0.75: 2 and 4.
        let clipped = SampleWeights(losses: losses, strategy: .linupper, temperature: 1, clipQuantile: 0.25)
        #expect(clipped.isHighest == [false, false, true, true, true])
        #expect(clipped.relative[0] == clipped.relative[1])
        // 0.1: 1.4 and 601.6, between the order statistics.
        let score = exp(SampleWeightStrategy.normalised(4, in: 1.4...601.6) + 1 - 1)
        let found = SampleWeights(losses: losses, strategy: .linupper, temperature: 1, clipQuantile: 0.1).relative
        #expect(abs(found[3] / found[4] - score) < 1e-12)
    }

    @Test("a temperature next to 0 gives everything to the highest, without a division by 0")
    func cold() {
        #expect(weights(temperature: 1e-30) == [0, 0, 0.5, 0.5])
    }

    @Test("the temperature waits, goes down log-linearly, and stays")
    func schedule() {
        var section = RunConfiguration.SampleWeightingSection()
        #expect(section.temperature(step: 0) == 1)
        (section.temperature, section.warmupSteps, section.decaySteps) = (1, 3, 2)
        let found = (0..<7).map { section.temperature(step: $0) }
        expectNear(found, [100, 100, 100, 100, 10, 1, 1], 1e-12)
        section.decaySteps = 0
        #expect((0..<5).map { section.temperature(step: $0) } == [100, 100, 100, 1, 1])
    }
}
