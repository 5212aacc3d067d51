public import CatenaEngine

extension RunConfiguration {
    /// How long, how much at once, and with which optimizer.
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

        /// Sequences of one optimizer step.
        public enum Batch: Sendable, Equatable {
            /// Over all ranks together, whatever their number.
            case global(Int)
            /// On each rank; `reference` is the global batch for which the learning rate was chosen, nil for `.none`.
            case perRank(Int, scaling: LearningRateScaling, reference: Int?)
        }

        /// The update rule with its constants.
        public enum Optimizer: Sendable, Equatable {
            case adamW(
                beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0)
            case sgd(momentum: Double = 0, weightDecay: Double = 0)
        }

        /// The learning rate over steps.
        public struct Schedule: Sendable, Equatable {
            /// The shape after the warm-up.
            public var name = LearningRateSchedule.Shape.cosine
            /// Steps in which the rate grows linearly from 0.
            public var warmupSteps = 0
            /// The final rate divided by `learningRate`; 0 for `.constant`, which does not use it.
            public var minimumRatio = 0.0

            /// Cosine without warm-up, down to 0.
            public init() {}
        }

        /// When the run ends.
        public var length: Length
        /// What the optimizer changes.
        public var trainable = Trainable.adapter
        /// Sequences of one optimizer step.
        public var batch = Batch.global(16)
        /// Sequences that go through the model at once; divides the batch.
        public var microBatch = 4
        /// The update rule.
        public var optimizer = Optimizer.adamW()
        /// Peak of the schedule, before learning-rate scaling.
        public var learningRate = 2e-4
        /// The learning rate over steps.
        public var schedule = Schedule()
        /// Largest norm of all gradients together; nil (`none`): no clipping.
        public var gradientClip: Double? = 1
        /// Key of all randomness.
        public var seed = 0
        /// Steps between validations; nil: only at the end, when there are validation data.
        public var validationEvery: Int?
        /// Which activations are computed twice to save memory.
        public var recompute = GradientPass.Recompute.none

        /// A section of the given length, defaults otherwise.
        public init(length: Length) { self.length = length }
    }
}

extension RunConfiguration.TrainingSection {
    /// Sequences of one optimizer step over `worldSize` ranks.
    public func globalBatch(worldSize: Int) -> Int {
        switch batch {
        case .global(let count): count
        case .perRank(let count, _, _): count * worldSize
        }
    }

    /// The peak learning rate with `worldSize` ranks, after learning-rate scaling.
    public func peakLearningRate(worldSize: Int) -> Double {
        guard case .perRank(_, let scaling, let reference?) = batch else { return learningRate }
        let ratio = Double(globalBatch(worldSize: worldSize)) / Double(reference)
        return switch scaling {
        case .none: learningRate
        case .linear: learningRate * ratio
        case .sqrt: learningRate * ratio.squareRoot()
        }
    }
}
