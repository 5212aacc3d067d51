import CatenaEngine
import Testing

@Suite("Keyed permutation")
struct KeyedPermutationTests {
    @Test("every example comes exactly once", arguments: [0, 1, 2, 17, 1000])
    func isAPermutation(count: Int) {
        #expect(KeyedPermutation(count: count, seed: 4, epoch: 2).order.sorted() == Array(0..<count))
    }

    @Test("the order is a function of seed and epoch and of nothing else")
    func dependsOnSeedAndEpoch() {
        let order = KeyedPermutation(count: 100, seed: 4, epoch: 2).order
        #expect(order == KeyedPermutation(count: 100, seed: 4, epoch: 2).order)
        #expect(order != KeyedPermutation(count: 100, seed: 4, epoch: 3).order)
        #expect(order != KeyedPermutation(count: 100, seed: 5, epoch: 2).order)
    }

    @Test("the order of a seed stays the same from release to release")
    func isPinned() {
        #expect(KeyedPermutation(count: 8, seed: 0, epoch: 0).order == [2, 7, 4, 5, 0, 1, 6, 3])
    }
}
