public import CatenaEngine
import CatenaSchema

extension RunConfiguration.TrainingSection {
    /// The learning rate over steps; ``keys`` says what each property is.
    public struct Schedule: Sendable, Equatable {
        public var name = LearningRateSchedule.Shape.cosine
        public var warmupSteps = 0
        /// 0 for `.constant`, which does not use it.
        public var minimumRatio = 0.0

        package init() {}
    }
}

extension RunConfiguration.TrainingSection.Schedule: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("name", \.name, .choice, "the shape after the warm-up"),
        .init(
            "warmup-steps", \.warmupSteps, .wholeNumber(0...WholeNumberLimit.count),
            "steps in which the rate grows linearly from 0"),
        .init(
            "minimum-ratio", \.minimumRatio, .number(.ratio), isWritten: { $0.name != .constant },
            "the last rate as a part of the peak"),
    ]

    func check(_ reader: SectionReader) throws(ConfigurationError) {
        if name == .constant, minimumRatio != 0 {
            throw reader.contradiction(
                "minimum-ratio", "training.schedule.minimum-ratio has no meaning with the constant schedule",
                advice: "remove it, or set training.schedule.name to linear or cosine")
        }
    }
}
