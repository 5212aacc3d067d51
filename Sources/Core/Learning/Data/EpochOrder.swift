import CatenaEngine

/// Which examples make which row in one epoch: a pure function of the lengths, the seed and the epoch.
///
/// With packing, examples are taken in the epoch's order and each goes into the first row that has room for it
/// (first fit); rows are numbered as they were begun. Without, each example is a row.
struct EpochOrder: Sendable {
    /// Examples of all rows, one row after the other.
    private let examples: [Int]
    /// Row `i` is `starts[i]..<starts[i + 1]` of `examples`.
    private let starts: [Int]

    var rowCount: Int { starts.count - 1 }

    func row(_ index: Int) -> ArraySlice<Int> { examples[starts[index]..<starts[index + 1]] }

    /// - Parameters:
    ///   - lengths: positions that each example takes.
    ///   - capacity: positions of a row; nil packs nothing.
    ///   - seed: nil keeps the file's order.
    init(lengths: [Int32], capacity: Int?, seed: UInt64?, epoch: Int) {
        let order =
            seed.map { KeyedPermutation(count: lengths.count, seed: $0, epoch: epoch).order }
            ?? Array(lengths.indices)
        guard let capacity else {
            examples = order
            starts = Array(0...order.count)
            return
        }
        var packer = FirstFit(rowLimit: order.count, capacity: capacity)
        let rows = order.map { packer.place(Int(lengths[$0])) }
        var starts = [Int](repeating: 0, count: packer.rowCount + 1)
        for row in rows { starts[row + 1] += 1 }
        for row in 0..<packer.rowCount { starts[row + 1] += starts[row] }
        var next = starts
        var examples = [Int](repeating: 0, count: order.count)
        for (example, row) in zip(order, rows) {
            examples[next[row]] = example
            next[row] += 1
        }
        self.examples = examples
        self.starts = starts
    }
}

/// First-fit packing with a tree of the largest free room. - Complexity: O(log rows) for each item.
private struct FirstFit {
    private let capacity: Int
    private let leafCount: Int
    /// `room[1]` is the largest room of all rows, `room[leafCount + i]` that of row i.
    private var room: [Int]
    private(set) var rowCount = 0

    init(rowLimit: Int, capacity: Int) {
        self.capacity = capacity
        var leafCount = 1
        while leafCount < rowLimit { leafCount *= 2 }
        self.leafCount = leafCount
        room = [Int](repeating: capacity, count: 2 * leafCount)
    }

    /// The row that takes an item of `length`; one longer than the capacity gets a row of its own.
    mutating func place(_ length: Int) -> Int {
        let needed = min(length, capacity)
        var node = 1
        while node < leafCount { node = room[2 * node] >= needed ? 2 * node : 2 * node + 1 }
        let row = node - leafCount
        rowCount = max(rowCount, row + 1)
        room[node] -= needed
        while node > 1 {
            node /= 2
            room[node] = max(room[2 * node], room[2 * node + 1])
        }
        return row
    }
}
