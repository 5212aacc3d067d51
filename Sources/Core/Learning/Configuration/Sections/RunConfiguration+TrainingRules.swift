import CatenaSchema

/// What the keys of `training` mean together.
extension RunConfiguration.TrainingSection {
    mutating func check(_ reader: SectionReader) throws(ConfigurationError) {
        try checkLength(reader)
        try checkBatch(reader)
        try checkMicroBatch(reader)
        if let steps, schedule.warmupSteps > steps {
            throw reader.contradiction(
                "schedule.warmup-steps",
                "training.schedule.warmup-steps (\(schedule.warmupSteps)) is more than training.steps (\(steps))",
                advice: "warm up for at most \(steps) steps")
        }
        if let steps, let weighting = sampleWeighting, weighting.strategy != nil, weighting.stepsBefore >= steps {
            throw reader.contradiction(
                "sample-weighting",
                "training.sample-weighting.temperature is never reached: warmup-steps and decay-steps are "
                    + "\(weighting.stepsBefore) together, training.steps is \(steps)",
                advice: "let them be less than \(steps) together")
        }
    }

    private func checkLength(_ reader: SectionReader) throws(ConfigurationError) {
        if let steps, let epochs {
            throw reader.contradiction(
                "epochs", "training.steps (\(steps)) and training.epochs (\(epochs)) both say how long the run is",
                advice: "keep one of them")
        }
        if steps == nil, epochs == nil {
            throw .contradiction(
                origin: reader.origin, problem: "nothing says how long the run is",
                advice: "give training.steps (optimizer steps) or training.epochs (passes over the data)")
        }
    }

    private mutating func checkBatch(_ reader: SectionReader) throws(ConfigurationError) {
        if reader.has("global-batch"), let globalBatch, let batchPerRank {
            throw reader.contradiction(
                "batch-per-rank",
                "training.global-batch (\(globalBatch)) and training.batch-per-rank (\(batchPerRank)) both set the batch size",
                advice:
                    "keep global-batch for the same result at any number of ranks, or batch-per-rank to grow with them")
        }
        guard batchPerRank != nil else {
            for key in ["learning-rate-scaling", "reference-batch"] where reader.has(key) {
                if reader.node(key)?.text == LearningRateScaling.none.rawValue { continue }
                throw reader.contradiction(
                    key, "training.\(key) has no meaning with a global batch, which does not grow with the ranks",
                    advice: "remove it, or give training.batch-per-rank instead of training.global-batch")
            }
            return
        }
        globalBatch = nil
        if learningRateScaling == .none, referenceBatch != nil {
            throw reader.contradiction(
                "reference-batch", "training.reference-batch has no meaning with learning-rate-scaling none",
                advice: "remove it, or set training.learning-rate-scaling to linear or sqrt")
        }
        if learningRateScaling != .none, referenceBatch == nil {
            throw .missingKey(
                origin: reader.origin, keyPath: reader.keyPath("reference-batch"),
                expected: "the global batch for which training.learning-rate was chosen (learning-rate-scaling is "
                    + "\(learningRateScaling.rawValue))")
        }
    }

    /// Default: the largest divisor of the batch that is at most 4.
    private mutating func checkMicroBatch(_ reader: SectionReader) throws(ConfigurationError) {
        let name = globalBatch == nil ? "training.batch-per-rank" : "training.global-batch"
        let count = globalBatch(worldSize: 1)
        guard reader.has("micro-batch") else {
            microBatch = (1...4).last { count.isMultiple(of: $0) } ?? 1
            return
        }
        guard !count.isMultiple(of: microBatch) else { return }
        let divisors = (1...min(count, 4096)).filter { count.isMultiple(of: $0) }.map(String.init)
        throw reader.contradiction(
            "micro-batch", "training.micro-batch (\(microBatch)) does not divide \(name) (\(count))",
            advice: "choose one of \(divisors.prefix(8).joined(separator: ", "))")
    }
}
