/// The order of `count` examples in one epoch: a pure function of (seed, epoch).
///
/// Fisher-Yates, drawn from the keyed generator.
///
/// - Complexity: O(count) time and memory.
package struct KeyedPermutation: Sendable {
    /// `order[i]` is the example that comes `i`-th.
    package let order: [Int]

    /// - Parameters:
    ///   - count: how many examples there are; zero is allowed.
    ///   - seed: the run's seed.
    ///   - purpose: what is ordered, which names the random numbers.
    ///   - epoch: 0 for the first pass over the data.
    package init(count: Int, seed: UInt64, purpose: String = "data order", epoch: Int = 0) {
        var generator = SeededGenerator(seed: seed, purpose: purpose, step: epoch)
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, generator.next(below: last + 1))
        }
        self.order = order
    }
}
