import CatenaEngine

extension RunConfiguration {
    enum TrainingKey: String, ConfigurationKey {
        case steps, epochs, trainable
        case globalBatch = "global-batch", batchPerRank = "batch-per-rank"
        case learningRateScaling = "learning-rate-scaling", referenceBatch = "reference-batch"
        case microBatch = "micro-batch"
        case optimizer, learningRate = "learning-rate", schedule, gradientClip = "gradient-clip", seed
        case validationEvery = "validation-every", recompute
    }

    enum OptimizerKey: String, ConfigurationKey {
        case name, beta1, beta2, epsilon, weightDecay = "weight-decay", momentum
    }

    enum ScheduleKey: String, ConfigurationKey {
        case name, warmupSteps = "warmup-steps", minimumRatio = "minimum-ratio"
    }

    enum OptimizerName: String, CaseIterable { case adamw, sgd }
}

private typealias TrainingReader = SectionReader<RunConfiguration.TrainingKey>

extension RunConfiguration.TrainingSection {
    init(_ node: ConfigurationNode?, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try TrainingReader(node, path: "training", origin: origin)
        self.init(length: try Self.length(reader))
        trainable = try reader.choice(.trainable) ?? trainable
        batch = try Self.batch(reader)
        microBatch = try Self.microBatch(reader, batch: batch)
        optimizer = try Self.optimizer(reader)
        learningRate = try reader.number(.learningRate, .positive) ?? learningRate
        schedule = try Self.schedule(reader, length: length)
        gradientClip =
            try reader.unless(.gradientClip, is: "none", expected: NumberBounds.positive.expected) { node in
                node.number.flatMap { NumberBounds.positive.contains($0) ? $0 : nil }
            } ?? gradientClip
        seed = try reader.integer(.seed, atLeast: 0, atMost: .max) ?? seed
        validationEvery = try reader.integer(.validationEvery)
        recompute = try reader.choice(.recompute) ?? recompute
    }

    private static func length(_ reader: TrainingReader) throws(ConfigurationError) -> Length {
        let steps = try reader.integer(.steps)
        let epochs = try reader.integer(.epochs)
        switch (steps, epochs) {
        case (let steps?, nil): return .steps(steps)
        case (nil, let epochs?): return .epochs(epochs)
        case (let steps?, let epochs?):
            throw .contradiction(
                origin: reader.place(.epochs),
                problem:
                    "training.steps (\(steps)) and training.epochs (\(epochs)) both say how long the run is",
                advice: "keep one of them")
        case (nil, nil):
            throw .contradiction(
                origin: reader.origin, problem: "nothing says how long the run is",
                advice: "give training.steps (optimizer steps) or training.epochs (passes over the data)")
        }
    }

    private static func batch(_ reader: TrainingReader) throws(ConfigurationError) -> Batch {
        let global = try reader.integer(.globalBatch, atMost: WholeNumberLimit.batch)
        let perRank = try reader.integer(.batchPerRank, atMost: WholeNumberLimit.batch)
        let scaling = try reader.choice(.learningRateScaling, LearningRateScaling.self)
        let reference = try reader.integer(.referenceBatch, atMost: WholeNumberLimit.batch)
        if let global, let perRank {
            throw .contradiction(
                origin: reader.place(.batchPerRank),
                problem:
                    "training.global-batch (\(global)) and training.batch-per-rank (\(perRank)) both set the batch size",
                advice:
                    "keep global-batch for the same result at any number of ranks, or batch-per-rank to grow with them"
            )
        }
        guard let perRank else {
            for key in [RunConfiguration.TrainingKey.learningRateScaling, .referenceBatch]
            where reader.has(key) {
                if key == .learningRateScaling, scaling == LearningRateScaling.none { continue }
                throw .contradiction(
                    origin: reader.place(key),
                    problem:
                        "training.\(key.rawValue) has no meaning with a global batch, which does not grow with the ranks",
                    advice: "remove it, or give training.batch-per-rank instead of training.global-batch")
            }
            return .global(global ?? 16)
        }
        switch (scaling ?? .none, reference) {
        case (.none, nil): return .perRank(perRank, scaling: .none, reference: nil)
        case (.none, _?):
            throw .contradiction(
                origin: reader.place(.referenceBatch),
                problem: "training.reference-batch has no meaning with learning-rate-scaling none",
                advice: "remove it, or set training.learning-rate-scaling to linear or sqrt")
        case (let scaling, let reference):
            return .perRank(
                perRank, scaling: scaling,
                reference: try reader.required(
                    reference, .referenceBatch,
                    expected:
                        "the global batch for which training.learning-rate was chosen (learning-rate-scaling is \(scaling.rawValue))"
                ))
        }
    }

    /// Default: the largest divisor of the batch that is at most 4.
    private static func microBatch(_ reader: TrainingReader, batch: Batch) throws(ConfigurationError) -> Int {
        let (name, count) =
            switch batch {
            case .global(let count): ("training.global-batch", count)
            case .perRank(let count, _, _): ("training.batch-per-rank", count)
            }
        guard let microBatch = try reader.integer(.microBatch, atMost: WholeNumberLimit.batch) else {
            return (1...4).last { count.isMultiple(of: $0) } ?? 1
        }
        guard count.isMultiple(of: microBatch) else {
            let divisors = (1...min(count, 4096)).filter { count.isMultiple(of: $0) }.map(String.init)
            throw .contradiction(
                origin: reader.place(.microBatch),
                problem: "training.micro-batch (\(microBatch)) does not divide \(name) (\(count))",
                advice: "choose one of \(divisors.prefix(8).joined(separator: ", "))")
        }
        return microBatch
    }

    private static func optimizer(_ outer: TrainingReader) throws(ConfigurationError) -> Optimizer {
        let reader = try SectionReader<RunConfiguration.OptimizerKey>(
            outer.node(.optimizer), path: "training.optimizer", origin: outer.origin)
        let name = try reader.choice(.name, RunConfiguration.OptimizerName.self) ?? .adamw
        let foreign: [RunConfiguration.OptimizerKey] =
            name == .adamw ? [.momentum] : [.beta1, .beta2, .epsilon]
        for key in foreign where reader.has(key) {
            throw .contradiction(
                origin: reader.place(key),
                problem: "training.optimizer.\(key.rawValue) has no meaning with \(name.rawValue)",
                advice: "remove it, or set training.optimizer.name to \(name == .adamw ? "sgd" : "adamw")")
        }
        let weightDecay = try reader.number(.weightDecay, .notNegative) ?? 0
        switch name {
        case .adamw:
            return .adamW(
                beta1: try reader.number(.beta1, .belowOne) ?? 0.9,
                beta2: try reader.number(.beta2, .belowOne) ?? 0.999,
                epsilon: try reader.number(.epsilon, .positive) ?? 1e-8, weightDecay: weightDecay)
        case .sgd:
            return .sgd(momentum: try reader.number(.momentum, .belowOne) ?? 0, weightDecay: weightDecay)
        }
    }

    private static func schedule(_ outer: TrainingReader, length: Length) throws(ConfigurationError)
        -> Schedule
    {
        let reader = try SectionReader<RunConfiguration.ScheduleKey>(
            outer.node(.schedule), path: "training.schedule", origin: outer.origin)
        var schedule = Schedule()
        schedule.name = try reader.choice(.name) ?? schedule.name
        schedule.warmupSteps = try reader.integer(.warmupSteps, atLeast: 0) ?? 0
        schedule.minimumRatio = try reader.number(.minimumRatio, .ratio) ?? 0
        if case .steps(let steps) = length, schedule.warmupSteps > steps {
            throw .contradiction(
                origin: reader.place(.warmupSteps),
                problem:
                    "training.schedule.warmup-steps (\(schedule.warmupSteps)) is more than training.steps (\(steps))",
                advice: "warm up for at most \(steps) steps")
        }
        if schedule.name == .constant, schedule.minimumRatio != 0 {
            throw .contradiction(
                origin: reader.place(.minimumRatio),
                problem: "training.schedule.minimum-ratio has no meaning with the constant schedule",
                advice: "remove it, or set training.schedule.name to linear or cosine")
        }
        return schedule
    }
}
