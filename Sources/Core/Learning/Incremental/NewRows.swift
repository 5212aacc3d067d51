import CatenaEngine

/// The first numbers of a classifier's rows for new classes: normal with standard deviation 0.02, biases zero; a function of the seed and
/// the task.
package struct NewRows {
    private let seed: UInt64
    private let task: Int
    private let count: Int

    /// For `count` classes of task number `task`.
    package init(seed: UInt64, task: Int, count: Int) { (self.seed, self.task, self.count) = (seed, task, count) }

    /// The rows, each `width` numbers long.
    package func rows(width: Int, isBias: Bool) -> [[Float]] {
        var numbers = [Float](repeating: 0, count: count * width)
        if !isBias {
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                unsafe SeededGenerator(seed: seed, purpose: "new classes", name: "task \(task)")
                    .fillNormal(numbers, standardDeviation: 0.02)
            }
        }
        return (0..<count).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
    }
}

/// An order of a class's samples that is drawn from the seed.
package enum KeyedOrder {
    /// The places `0..<count` in the order for the class `label`.
    package static func of(_ count: Int, seed: Int, label: String) -> [Int] {
        KeyedPermutation(count: count, seed: UInt64(seed), purpose: "exemplars of " + label).order
    }
}
