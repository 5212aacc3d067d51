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
}
