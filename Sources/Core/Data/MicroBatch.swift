/// One micro-batch: its examples one after the other, without padding.
///
/// An example of n tokens is a segment of n - 1 positions: its last token has no target and is never an input.
public struct MicroBatch: Sendable, Equatable {
    /// Input token of each position.
    public var inputIds: [Int32]
    /// Target of each position, already shifted (the next token), or -100.
    public var targets: [Int32]
    /// First position of each segment, and the number of positions at the end. No segment sees another.
    public var segmentStarts: [Int]
    /// Each position's place within its segment, from 0.
    public var positions: [Int32]
    /// How many positions there are.
    public var tokenCount: Int
    /// How many positions have a target.
    public var supervisedCount: Int
    /// The example of each segment.
    public var exampleIndices: [Int]

    /// Nothing; fill it with ``fill(_:from:)``.
    public init() {
        inputIds = []
        targets = []
        segmentStarts = [0]
        positions = []
        tokenCount = 0
        supervisedCount = 0
        exampleIndices = []
    }

    /// Puts the examples of some rows in, in order; memory of earlier fillings is used again.
    public mutating func fill(_ plan: MicroBatchPlan, from data: PreparedDataset) {
        clear()
        for example in plan.rows.joined() {
            data.withExample(example) { append(inputIds: $0, labels: $1, exampleIndex: example) }
        }
    }

    /// Removes all examples and keeps the memory.
    public mutating func clear() {
        inputIds.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        segmentStarts.removeAll(keepingCapacity: true)
        segmentStarts.append(0)
        positions.removeAll(keepingCapacity: true)
        exampleIndices.removeAll(keepingCapacity: true)
        tokenCount = 0
        supervisedCount = 0
    }

    /// Adds one example as a segment of its own; labels are not shifted.
    public mutating func append(
        inputIds ids: UnsafeBufferPointer<Int32>, labels: UnsafeBufferPointer<Int32>, exampleIndex: Int
    ) {
        precondition(ids.count == labels.count && ids.count >= 2, "a segment needs two tokens or more and their labels")
        let count = ids.count - 1
        inputIds += ids[..<count]
        targets += labels[1...]
        for position in 0..<Int32(count) { positions.append(position) }
        for label in labels[1...] where label != EncodedExample.ignored { supervisedCount += 1 }
        tokenCount += count
        segmentStarts.append(tokenCount)
        exampleIndices.append(exampleIndex)
    }

    /// Adds one example as a segment of its own; labels are not shifted.
    public mutating func append(_ example: EncodedExample, exampleIndex: Int) {
        example.inputIds.withUnsafeBufferPointer { ids in
            example.labels.withUnsafeBufferPointer { append(inputIds: ids, labels: $0, exampleIndex: exampleIndex) }
        }
    }
}
