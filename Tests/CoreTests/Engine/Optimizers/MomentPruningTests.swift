import CatenaEngine
import Testing

@Suite("Moment pruning")
struct MomentPruningTests {
    private let engine = Engine(threads: 1)

    /// Two parameters of 30 and 10 elements with an optimizer whose moments are `values`.
    private func optimizer(_ values: (Int) -> Float) -> (ParameterSet, AdamW) {
        let set = ParameterSet(
            [Parameter(name: "x", shape: [5, 6]) { $0.fill(1) }, Parameter(name: "y", shape: [10]) { $0.fill(1) }],
            memory: engine.memory)
        let adam = AdamW(set, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, engine: engine)
        for (_, vector) in adam.state { vector.copy(from: (0..<40).map(values)) }
        return (set, adam)
    }

    @Test(
        "magnitude zeroes the smallest entries of each tensor, exactly the fraction asked for",
        arguments: [0, 0.5, 0.9, 1])
    func magnitude(fraction: Double) {
        // In each tensor |x| falls with the index; signs alternate.
        let value = { (index: Int) in Float(index % 2 == 0 ? 1 : -1) * Float(100 - index) }
        let (set, adam) = optimizer(value)
        let zeroed = MomentPruning(fraction: fraction, choice: .magnitude).apply(
            to: adam.state, of: set, seed: 1, link: 1)
        #expect(zeroed == fraction)
        let (x, y) = (Int(fraction * 30), Int(fraction * 10))
        for (_, vector) in adam.state {
            let expected = (0..<40).map { index in
                index < 30 ? (index < 30 - x ? value(index) : 0) : (index < 40 - y ? value(index) : 0)
            }
            #expect(vector.elements() == expected)
        }
    }

    @Test("the same entries of all moments go, also where the moments are ordered unlike", arguments: [0.5, 0.9])
    func oneMask(fraction: Double) {
        let (set, adam) = optimizer { Float($0 + 1) }
        let (m, v) = (adam.state[0].values, adam.state[1].values)
        v.copy(from: (0..<40).map { Float(100 - $0) })
        MomentPruning(fraction: fraction, choice: .magnitude).apply(to: adam.state, of: set, seed: 1, link: 1)
        let (x, y) = (Int(fraction * 30), Int(fraction * 10))
        let isKept = (0..<40).map { $0 < 30 ? $0 >= x : $0 - 30 >= y }
        #expect(m.elements() == (0..<40).map { isKept[$0] ? Float($0 + 1) : 0 })
        #expect(v.elements() == (0..<40).map { isKept[$0] ? Float(100 - $0) : 0 })
    }

    @Test(
        "without a gradient, a step after pruning is no larger than a usual one",
        arguments: MomentPruning.Choice.allCases)
    func stepWithoutGradient(choice: MomentPruning.Choice) {
        let (set, adam) = optimizer { _ in 0 }
        let (m, v) = (adam.state[0].values, adam.state[1].values)
        // Large first moments where second ones are small: |m| / √v between 1 and 2.
        m.copy(from: (0..<40).map { 0.01 * Float($0 % 2 == 0 ? 1 : -1) * Float(40 + $0) / 40 })
        v.copy(from: (0..<40).map { 1e-4 * Float(40 - $0) / 40 + 1e-5 })
        adam.stepCount = 1000
        MomentPruning(fraction: 0.9, choice: choice).apply(to: adam.state, of: set, seed: 1, link: 1)
        set.gradients.fill(0)
        for _ in 0..<2 { adam.step(learningRate: 0.01, gradientScale: 1) }
        // Two steps of at most 0.01 · 0.02 / √1e-5 each.
        #expect(set.values.elements().allSatisfy { abs($0 - 1) < 0.13 }, "\(set.values.elements())")
    }

    @Test("when all entries are equal, magnitude still keeps the rest")
    func ties() {
        let (set, adam) = optimizer { _ in 0.25 }
        MomentPruning(fraction: 0.9, choice: .magnitude).apply(to: adam.state, of: set, seed: 1, link: 1)
        for (_, vector) in adam.state { #expect(vector.elements().count { $0 == 0.25 } == 4) }
    }

    @Test("random zeroes the same entries of all moments, others with another seed or link")
    func random() {
        func kept(seed: UInt64, link: Int) -> [Bool] {
            let (set, adam) = optimizer { Float($0 + 1) }
            MomentPruning(fraction: 0.5, choice: .random).apply(to: adam.state, of: set, seed: seed, link: link)
            let masks = adam.state.map { $0.values.elements().map { $0 != 0 } }
            #expect(masks[0] == masks[1])
            return masks[0]
        }
        #expect(kept(seed: 1, link: 1) == kept(seed: 1, link: 1))
        #expect(kept(seed: 1, link: 1) != kept(seed: 2, link: 1))
        #expect(kept(seed: 1, link: 1) != kept(seed: 1, link: 2))
        // 40 draws with probability one half: four standard deviations are 13.
        #expect((7...33).contains(kept(seed: 3, link: 1).count { $0 }))
    }
}
