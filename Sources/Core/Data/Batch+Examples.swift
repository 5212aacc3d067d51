extension Batch {
    /// Puts the examples of some rows in, in order; memory of earlier fillings is used again.
    public mutating func fill(_ plan: MicroBatchPlan, from data: PreparedDataset) {
        clear()
        for example in plan.rows.joined() {
            data.withExample(example) { append(inputIds: $0, labels: $1, exampleIndex: example) }
        }
    }

    /// Adds one example as a segment of its own; labels are not shifted.
    public mutating func append(_ example: EncodedExample, exampleIndex: Int) {
        example.inputIds.withUnsafeBufferPointer { ids in
            example.labels.withUnsafeBufferPointer { append(inputIds: ids, labels: $0, exampleIndex: exampleIndex) }
        }
    }

    /// Adds a whole sequence as a segment that is judged as `target`; nothing is shifted.
    ///
    /// - Parameter types: the token type of each token; empty where all are 0.
    public mutating func append(
        inputIds ids: UnsafeBufferPointer<Int32>, types: UnsafeBufferPointer<Int32>, target: SegmentTarget,
        exampleIndex: Int
    ) {
        precondition(types.isEmpty || types.count == ids.count, "\(types.count) types of \(ids.count) tokens")
        if types.contains(where: { $0 != 0 }) {
            tokenTypes = (tokenTypes ?? Array(repeating: 0, count: inputIds.count)) + types
        } else {
            tokenTypes?.append(contentsOf: repeatElement(0, count: ids.count))
        }
        inputIds += ids
        targets += repeatElement(EncodedExample.ignored, count: ids.count)
        segmentTargets.append(target)
        supervisedCount += 1
        layout.append(ids.count)
        exampleIndices.append(exampleIndex)
    }
}
