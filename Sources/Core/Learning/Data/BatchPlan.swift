/// The rows of one micro-batch.
package struct MicroBatchPlan: Sendable, Equatable {
    /// Place within the step's global batch, over all processes; the key of its random numbers.
    package var globalIndex: Int
    /// Examples of each row.
    package var rows: [[Int]]

    /// Rows of example indices at a place of the global batch.
    package init(globalIndex: Int, rows: [[Int]]) {
        self.globalIndex = globalIndex
        self.rows = rows
    }
}

/// The micro-batches of one optimizer step, over all processes.
package struct StepPlan: Sendable, Equatable {
    /// Counted from 0 over all epochs.
    package var step: Int
    /// Counted from 0.
    package var epoch: Int
    /// Counted from 0 within the epoch.
    package var stepInEpoch: Int
    /// Steps of this epoch.
    package var stepsInEpoch: Int
    /// In the order of their global indices.
    package var microBatches: [MicroBatchPlan]
}

/// Which examples each optimizer step sees: a pure function of (seed, step), the same on every process.
///
/// An epoch's rows are cut into global batches of `globalBatch` rows; the last one of an epoch may be smaller, so every
/// example is used exactly once an epoch. The rows of one epoch are kept until another is asked for.
package final class BatchPlan {
    /// What the order depends on besides the data.
    package struct Settings: Sendable, Equatable {
        /// Rows of an optimizer step over all processes.
        package var globalBatch: Int
        /// Rows that go through the model at once.
        package var microBatch: Int
        /// Positions of a packed row.
        package var maximumLength: Int
        /// Whether a row holds several examples.
        package var packing: Bool
        /// Whether every epoch has an order of its own.
        package var shuffle: Bool
        /// Of the order.
        package var seed: UInt64

        /// All settings.
        package init(
            globalBatch: Int, microBatch: Int, maximumLength: Int, packing: Bool, shuffle: Bool, seed: UInt64
        ) {
            self.globalBatch = globalBatch
            self.microBatch = microBatch
            self.maximumLength = maximumLength
            self.packing = packing
            self.shuffle = shuffle
            self.seed = seed
        }
    }

    /// What the plan was made with.
    package let settings: Settings
    private let lengths: [Int32]
    /// First step of each epoch that has been laid out, and of the next.
    private var firstSteps = [0]
    private var kept: (epoch: Int, order: EpochOrder)?

    /// A plan over examples of the given lengths in tokens, whose next tokens are learned.
    ///
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` for batch sizes that contradict each other.
    package convenience init(exampleLengths: [Int], settings: Settings) throws(DataError) {
        try self.init(positionCounts: exampleLengths.map { $0 - 1 }, settings: settings)
    }

    /// A plan over examples that take so many positions each.
    ///
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` for batch sizes that contradict each other.
    package init(positionCounts: [Int], settings: Settings) throws(DataError) {
        precondition(!positionCounts.isEmpty, "a plan needs examples")
        guard settings.globalBatch >= 1 else {
            throw .invalidSetting(
                name: "training.global-batch", value: "\(settings.globalBatch)", expected: "at least 1")
        }
        guard settings.microBatch >= 1, settings.microBatch <= settings.globalBatch else {
            throw .invalidSetting(
                name: "training.micro-batch", value: "\(settings.microBatch)",
                expected: "1...\(settings.globalBatch), the global batch")
        }
        self.settings = settings
        lengths = positionCounts.map { Int32($0) }
    }

    /// A plan over all examples of a data set. An image is a row of its own.
    package convenience init(_ data: PreparedDataset, settings: Settings) throws(DataError) {
        var settings = settings
        if data.content == .images { settings.packing = false }
        try self.init(positionCounts: (0..<data.count).map(data.positionCount(of:)), settings: settings)
    }

    /// How many steps some epochs have, from the first.
    package func stepCount(epochs: Int) -> Int {
        guard epochs > 0 else { return 0 }
        layOut(through: epochs - 1)
        return firstSteps[epochs]
    }

    /// The micro-batches of step `step`, which counts from 0 over all epochs.
    package func microBatches(step: Int) -> StepPlan {
        precondition(step >= 0, "steps count from 0")
        while firstSteps[firstSteps.count - 1] <= step { layOut(through: firstSteps.count - 1) }
        let epoch = epoch(ofStep: step)
        let order = order(ofEpoch: epoch)
        let stepInEpoch = step - firstSteps[epoch]
        let firstRow = stepInEpoch * settings.globalBatch
        let endRow = min(firstRow + settings.globalBatch, order.rowCount)
        let starts = stride(from: firstRow, to: endRow, by: settings.microBatch)
        return StepPlan(
            step: step, epoch: epoch, stepInEpoch: stepInEpoch, stepsInEpoch: firstSteps[epoch + 1] - firstSteps[epoch],
            microBatches: starts.enumerated().map { index, start in
                let rows = start..<min(start + settings.microBatch, endRow)
                return MicroBatchPlan(globalIndex: index, rows: rows.map { Array(order.row($0)) })
            })
    }

    private func epoch(ofStep step: Int) -> Int {
        var low = 0
        var high = firstSteps.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstSteps[middle] <= step { low = middle } else { high = middle }
        }
        return low
    }

    private func layOut(through epoch: Int) {
        while firstSteps.count <= epoch + 1 {
            let next = firstSteps.count - 1
            let rowCount = settings.packing ? order(ofEpoch: next).rowCount : lengths.count
            firstSteps.append(
                firstSteps[next] + (rowCount + settings.globalBatch - 1) / settings.globalBatch)
        }
    }

    private func order(ofEpoch epoch: Int) -> EpochOrder {
        if let kept, kept.epoch == epoch { return kept.order }
        let order = EpochOrder(
            lengths: lengths, capacity: settings.packing ? settings.maximumLength : nil,
            seed: settings.shuffle ? settings.seed : nil, epoch: epoch)
        kept = (epoch, order)
        return order
    }
}
