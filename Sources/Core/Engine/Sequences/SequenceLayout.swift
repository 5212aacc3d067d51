/// Where sequences begin and end among the concatenated rows of a batch, and what was there before.
public struct SequenceLayout: Equatable {
    /// First row of each segment, then the number of rows. A token attends within its segment only.
    public private(set) var segmentStarts: [Int]
    /// Position of each row within its sequence.
    public private(set) var positions: [Int32]
    /// In generation, the earlier keys and values of each segment.
    package let caches: [KeyValueCache]?
    /// One more than the highest position.
    public private(set) var positionLimit: Int

    /// The layout of fresh sequences; of none without arguments.
    public init(segmentStarts: [Int] = [0], positions: [Int32] = []) {
        self.segmentStarts = segmentStarts
        self.positions = positions
        caches = nil
        positionLimit = Int(positions.max() ?? 0) + 1
    }

    /// The layout of a generation step: `counts[i]` new tokens follow what `caches[i]` holds.
    package init(appending counts: [Int], to caches: [KeyValueCache]) {
        precondition(counts.count == caches.count, "one count per cache")
        var starts = [0]
        var positions: [Int32] = []
        for (count, cache) in zip(counts, caches) {
            starts.append(starts[starts.count - 1] + count)
            for offset in 0..<count { positions.append(Int32(cache.length + offset)) }
        }
        self.segmentStarts = starts
        self.positions = positions
        self.caches = caches
        positionLimit = Int(positions.max() ?? 0) + 1
    }

    /// Adds a fresh sequence of `count` rows.
    public mutating func append(_ count: Int) {
        for position in 0..<Int32(count) { positions.append(position) }
        segmentStarts.append(positions.count)
        positionLimit = max(positionLimit, count)
    }

    /// Removes all sequences and keeps the memory.
    public mutating func clear() {
        segmentStarts.removeAll(keepingCapacity: true)
        segmentStarts.append(0)
        positions.removeAll(keepingCapacity: true)
        positionLimit = 1
    }

    /// Number of rows.
    public var tokenCount: Int { positions.count }
    /// Number of sequences.
    public var segmentCount: Int { segmentStarts.count - 1 }

    /// Floating-point operations of attention's forward pass without a window: two products for each pair of a query and a key
    /// that it sees.
    func attentionOperations(_ shape: AttentionShape) -> Double {
        var pairs = 0.0
        for segment in 0..<segmentCount {
            let length = Double(segmentStarts[segment + 1] - segmentStarts[segment])
            pairs += shape.isBidirectional ? length * length : length * (length + 1) / 2
        }
        return 4 * pairs * Double(shape.queryWidth)
    }
}

extension KeyValueCache: Equatable {
    /// Whether both are the same memory.
    public static func == (left: KeyValueCache, right: KeyValueCache) -> Bool { left === right }
}
