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
    ///   - epoch: 0 for the first pass over the data.
    package init(count: Int, seed: UInt64, epoch: Int) {
        var generator = SeededGenerator(seed: seed, purpose: "data order", step: epoch)
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, generator.next(below: last + 1))
        }
        self.order = order
    }
}
