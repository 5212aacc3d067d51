import CatenaCore

extension PreparedDataset {
    /// `count` examples spread evenly over the data, or all if there are fewer, four to a micro-batch.
    func calibrationInputs(count: Int = 16) -> [ModelInput] {
        let (available, taken) = (self.count, min(count, self.count))
        let examples = (0..<taken).map { $0 * available / taken }
        return stride(from: 0, to: examples.count, by: 4).map { start in
            var microBatch = MicroBatch()
            let rows = examples[start..<min(start + 4, examples.count)].map { [$0] }
            microBatch.fill(MicroBatchPlan(globalIndex: start, rows: rows), from: self)
            return ModelInput(microBatch)
        }
    }
}
