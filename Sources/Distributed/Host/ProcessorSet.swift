/// Numbers of processor cores, as the kernel writes them: "0-3,8".
package struct ProcessorSet: Equatable, Sendable {
    /// Numbers of the cores.
    package let cores: Set<Int>

    /// A set of these cores.
    package init(cores: Set<Int>) {
        self.cores = cores
    }

    /// Nil for a text that is not a list of numbers and ranges.
    package init?(list: String) {
        var cores: Set<Int> = []
        for part in list.split(separator: ",") {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = bounds[0], let last = bounds[bounds.count - 1], bounds.count <= 2, first <= last,
                first >= 0
            else { return nil }
            cores.formUnion(first...last)
        }
        self.cores = cores
    }

    /// The list with single numbers only, in order.
    package var list: String { cores.sorted().map { String($0) }.joined(separator: ",") }
}
