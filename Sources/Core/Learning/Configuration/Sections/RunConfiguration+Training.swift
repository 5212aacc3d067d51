import CatenaEngine
public import CatenaModels
import CatenaSchema

extension RunConfiguration {
    /// How long, how much at once, and with which optimizer; ``keys`` says what each property is.
    public struct TrainingSection: Sendable, Equatable {
        /// How long the run is: optimizer steps or passes over the data.
        public enum Length: Sendable, Equatable {
            case steps(Int)
            case epochs(Int)
        }

        /// What is trained.
        public enum Trainable: String, Sendable, CaseIterable {
            case adapter
            /// Every parameter of the model; there is no adapter.
            case all
        }

        /// How the learning rate follows a global batch that grows with the number of ranks.
        public enum LearningRateScaling: String, Sendable, CaseIterable {
            case none
            /// learningRate · batch / reference
            case linear
            /// learningRate · √(batch / reference)
            case sqrt
        }

        /// nil: `epochs` says how long the run is.
        public var steps: Int?
        public var epochs: Int?
        public var trainable = Trainable.adapter
        /// nil: `batchPerRank` says it.
        public var globalBatch: Int? = 16
        public var batchPerRank: Int?
        public var learningRateScaling = LearningRateScaling.none
        /// nil exactly where the learning rate is not scaled.
        public var referenceBatch: Int?
        public var microBatch = 4
        public var optimizer = Optimizer()
        public var learningRate = 2e-4
        public var schedule = Schedule()
        /// nil: what is trained is what the model computes with.
        public var weightCompander: WeightCompander?
        /// nil (`none`): no clipping.
        public var gradientClip: Double? = 1
        public var seed = 0
        /// nil: only at the end, when there are validation data.
        public var validationEvery: Int?
        /// nil: all samples count alike.
        public var sampleWeighting: SampleWeightingSection?
        public var recompute = GradientPass.Recompute.none
        public var hasNonNegativeClassifier = false
    }
}

extension RunConfiguration.TrainingSection {
    /// How long the run is.
    public var length: Length { epochs.map { .epochs($0) } ?? .steps(steps ?? 1) }

    /// Sequences of one optimizer step over `worldSize` ranks.
    public func globalBatch(worldSize: Int) -> Int { globalBatch ?? (batchPerRank ?? 1) * worldSize }

    /// The peak learning rate with `worldSize` ranks, after learning-rate scaling.
    public func peakLearningRate(worldSize: Int) -> Double {
        guard let referenceBatch else { return learningRate }
        let ratio = Double(globalBatch(worldSize: worldSize)) / Double(referenceBatch)
        return switch learningRateScaling {
        case .none: learningRate
        case .linear: learningRate * ratio
        case .sqrt: learningRate * ratio.squareRoot()
        }
    }
}

extension RunConfiguration.TrainingSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "steps", \.steps, .wholeNumber(), default: "this or `epochs`", mayChange: true,
            "optimizer steps of the run"),
        .init("epochs", \.epochs, .wholeNumber(), default: "this or `steps`", mayChange: true, "passes over the data"),
        .init(
            "trainable", \.trainable, .choice,
            "`all`: every parameter, no adapter; the result is `model/`. `adapter: {method: full}` is the same"),
        .init(
            "global-batch", \.globalBatch, .wholeNumber(1...WholeNumberLimit.batch),
            "sequences of an optimizer step over all ranks"),
        .init(
            "batch-per-rank", \.batchPerRank, .wholeNumber(1...WholeNumberLimit.batch),
            "instead of `global-batch`: sequences of an optimizer step on each rank"),
        .init(
            "learning-rate-scaling", \.learningRateScaling, .choice, isWritten: { $0.batchPerRank != nil },
            "with `batch-per-rank`: how the learning rate follows the number of ranks"),
        .init(
            "reference-batch", \.referenceBatch, .wholeNumber(1...WholeNumberLimit.batch),
            "with `learning-rate-scaling`: the global batch for which the learning rate was chosen"),
        .init(
            "micro-batch", \.microBatch, .wholeNumber(1...WholeNumberLimit.batch),
            default: "a divisor of the batch up to 4", "sequences through the model at once; bounds the memory"),
        .init("optimizer", \.optimizer, .section, "the update rule"),
        .init("learning-rate", \.learningRate, .number(.positive), "the peak"),
        .init("schedule", \.schedule, .section, "the learning rate over steps"),
        .init(
            "weight-compander", \.weightCompander, .compander, page: "weight-compander.md",
            "train numbers behind the weights, whose bent function keeps the weights small and away from 0"),
        .init("gradient-clip", \.gradientClip, .number(.positive), or: "none", "largest norm of the mean gradient"),
        .init(
            "sample-weighting", \.sampleWeighting, .section, page: "sample-weighting.md",
            "samples count by their losses beside those of the others"),
        .init("seed", \.seed, .wholeNumber(0...Int.max), "of initialisation, order and dropout"),
        .init(
            "validation-every", \.validationEvery, .wholeNumber(), default: "only at the end", mayChange: true,
            "steps between validations"),
        .init(
            "recompute", \.recompute, .choice, mayChange: true,
            "`blocks`: keep only each layer's input; about a third more time, least memory"),
        .init(
            "non-negative-classifier", \.hasNonNegativeClassifier, .flag, page: "incremental.md",
            isWritten: \.hasNonNegativeClassifier, "negative weights of the classifier become 0 after each update"),
    ]
}
