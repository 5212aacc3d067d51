/// The fixed binary tree over the global micro-batch indices `0..<count` in which gradients are added.
///
/// A node of level L covers `[i * 2^L, (i + 1) * 2^L)` clipped to `count`; its value is left child + right child, or the left
/// child alone where the right one is empty. Nodes are written as the index ranges they cover. Since the tree does not depend
/// on the number of processes, neither do the bits of its root.
package enum ReductionTree {
    /// The contiguous share of process `rank` of `size`; shares differ by at most one and may be empty.
    package static func share(of count: Int, rank: Int, size: Int) -> Range<Int> {
        precondition(count >= 0 && size > 0 && (0..<size).contains(rank), "rank must lie in 0..<size")
        return count * rank / size..<count * (rank + 1) / size
    }

    /// Whether `left` and `right` are the two complete children of one node.
    package static func areSiblings(_ left: Range<Int>, _ right: Range<Int>, count: Int) -> Bool {
        let width = left.count
        return right.lowerBound == left.upperBound
            && width.nonzeroBitCount == 1
            && left.lowerBound % (2 * width) == 0
            && right.upperBound == min(left.upperBound + width, count)
    }

    /// Appends a complete node to a list of disjoint nodes in index order and merges siblings from the right.
    /// `merge(i)` must add node i + 1 into node i.
    package static func append(_ node: Range<Int>, to nodes: inout [Range<Int>], count: Int, merge: (Int) -> Void) {
        nodes.append(node)
        while nodes.count > 1 {
            let last = nodes.count - 1
            guard areSiblings(nodes[last - 1], nodes[last], count: count) else { return }
            merge(last - 1)
            nodes[last - 1] = nodes[last - 1].lowerBound..<nodes[last].upperBound
            nodes.removeLast()
        }
    }

    /// The fewest complete nodes that cover `range`, in index order: what is left after adding its leaves one by one.
    package static func partials(of range: Range<Int>, count: Int) -> [Range<Int>] {
        var nodes: [Range<Int>] = []
        for index in range {
            append(index..<index + 1, to: &nodes, count: count) { _ in }
        }
        return nodes
    }

    /// How many nodes are held at once while the leaves of `range` are added one by one.
    package static func deepestStack(of range: Range<Int>, count: Int) -> Int {
        var nodes: [Range<Int>] = []
        var deepest = 0
        for index in range {
            let joinsLast = nodes.last.map { areSiblings($0, index..<index + 1, count: count) } ?? false
            deepest = max(deepest, nodes.count + (joinsLast ? 0 : 1))
            append(index..<index + 1, to: &nodes, count: count) { _ in }
        }
        return deepest
    }
}
