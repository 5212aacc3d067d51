import CatenaSchema

extension RunConfiguration {
    /// A teacher's scores as a second target of a classification; ``keys`` says what each property is.
    public struct DistillationSection: Sendable, Equatable {
        public var scores = ""
        public var weight = 0.5
        public var temperature = 2.0

        /// What an empty section would mean if it did not have to name the scores.
        public init() {}
    }
}

extension RunConfiguration.DistillationSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "scores", \.scores, .path("the path of a file"), required: "a safetensors file with a matrix called scores",
            "the teacher's scores of the first classes, a row for each training sample"),
        .init("weight", \.weight, .number(.ratio), "λ: how much the teacher counts, and 1 - λ the labels"),
        .init(
            "temperature", \.temperature, .number(.positive), "T, by which scores are divided before they are compared"),
    ]
}
