public import CatenaEngine

/// What a whole segment is to be judged as, where the task judges sequences and not tokens.
public enum SegmentTarget: Equatable, Sendable {
    /// The label with this number.
    case category(Int32)
    /// A number.
    case value(Float)
}

/// One micro-batch as a model and its objective take it: examples one after the other, without padding.
///
/// An example of n tokens is a segment of n - 1 positions: its last token has no target and is never an input.
public struct Batch: Equatable {
    /// Token of each position.
    public var inputIds: [Int32] = []
    /// Target of each position, already shifted (the next token), negative where nothing is supervised.
    public var targets: [Int32] = []
    /// Weight of each position in the loss; nil for 1.
    public var weights: [Float]?
    /// Where its segments begin. No segment sees another.
    public var layout = SequenceLayout()
    /// The example of each segment.
    public var exampleIndices: [Int] = []
    /// How many positions have a target.
    public var supervisedCount = 0
    /// Names its random numbers.
    public var randomKey = RandomKey.none
    /// The target of each segment; empty where tokens have targets.
    public var segmentTargets: [SegmentTarget] = []
    /// Token type of each position (BERT's segment ids); nil where all are 0.
    public var tokenTypes: [Int32]?
    /// The pixels of all images, each channel by channel, where a segment is an image: it has one position and no token.
    public var pixels: [Float] = []
    /// What the model without its adapters measures of each segment; empty where the objective does not ask for it.
    var reference: [Double] = []
    /// What its samples count, where an earlier pass has found it.
    package var weighing: Weighing?

    /// Nothing; append examples.
    public init() {}

    /// Sequences as they are.
    public init(inputIds: [Int32], targets: [Int32] = [], weights: [Float]? = nil, layout: SequenceLayout) {
        self.inputIds = inputIds
        self.targets = targets
        self.weights = weights
        self.layout = layout
        supervisedCount = targets.count { $0 >= 0 }
    }

    /// How many positions there are.
    public var tokenCount: Int { pixels.isEmpty ? inputIds.count : layout.segmentCount }

    /// Removes all examples and keeps the memory.
    public mutating func clear() {
        inputIds.removeAll(keepingCapacity: true)
        pixels.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        layout.clear()
        exampleIndices.removeAll(keepingCapacity: true)
        segmentTargets.removeAll(keepingCapacity: true)
        tokenTypes = nil
        reference.removeAll(keepingCapacity: true)
        weighing = nil
        supervisedCount = 0
    }

    /// Adds one example as a segment of its own; labels are not shifted.
    public mutating func append(
        inputIds ids: UnsafeBufferPointer<Int32>, labels: UnsafeBufferPointer<Int32>, exampleIndex: Int
    ) {
        precondition(ids.count == labels.count && ids.count >= 2, "a segment needs two tokens or more and their labels")
        let count = ids.count - 1
        unsafe inputIds += ids[..<count]
        unsafe targets += labels[1...]
        supervisedCount += unsafe labels[1...].count { $0 >= 0 }
        layout.append(count)
        exampleIndices.append(exampleIndex)
    }

    /// Adds an image that is judged as `target`.
    public mutating func append(pixels image: some Collection<Float>, target: SegmentTarget, exampleIndex: Int) {
        pixels += image
        segmentTargets.append(target)
        supervisedCount += 1
        layout.append(1)
        exampleIndices.append(exampleIndex)
    }

    /// The streams that a pass begins with.
    func inputs(_ memory: TensorMemory) -> [StreamName: Tensor] {
        guard !pixels.isEmpty else { return [:] }
        let count = layout.segmentCount
        precondition(pixels.count % count == 0, "\(pixels.count) numbers of \(count) images")
        return [.pixels: memory.tensor(pixels, rows: count, columns: pixels.count / count)]
    }

    /// What `pick` takes from the target of each segment, every one of which has to be of that kind.
    package func segmentTargets<Value>(_ pick: (SegmentTarget) -> Value?) -> [Value] {
        let picked = segmentTargets.compactMap(pick)
        precondition(
            picked.count == layout.segmentCount && picked.count == segmentTargets.count,
            "\(picked.count) targets of the objective's kind for \(layout.segmentCount) segments")
        return picked
    }
}
