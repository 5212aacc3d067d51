import CatenaModels
import CatenaSchema

extension RunConfiguration {
    /// How pairs of answers are learned; ``keys`` says what each property is.
    public struct PreferenceSection: Sendable, Equatable {
        /// What the loss of a pair is.
        public enum Loss: String, Sendable, CaseIterable {
            /// Direct preference optimisation.
            case dpo
        }

        /// What the trained model's answers are compared with.
        public enum Reference: String, Sendable, CaseIterable {
            /// The model without the adapter.
            case base
        }

        public var loss = Loss.dpo
        public var beta = 0.1
        public var labelSmoothing = 0.0
        public var reference = Reference.base

        /// What an empty section means.
        public init() {}
    }
}

extension RunConfiguration.PreferenceSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("loss", \.loss, .loss, "what a pair of answers costs"),
        .init("beta", \.beta, .number(.positive), "how strongly the model is kept near the reference"),
        .init(
            "label-smoothing", \.labelSmoothing, .number(NumberBounds(lower: 0, upper: 0.5, upperIncluded: false)),
            "how often the rejected answer is taken to be the better one"),
        .init(
            "reference", \.reference, .choice, "what answers are compared with; `base`: the model without the adapter"),
    ]
}

extension ValueKind where Value == RunConfiguration.PreferenceSection.Loss {
    /// Losses that others have are refused as what they are.
    fileprivate static let loss = {
        let known = Value.allCases.map(\.rawValue)
        return ValueKind(
            choices(known),
            advice: { node in
                ["ipo", "orpo", "simpo"].contains(node.text) ? "that loss is not supported yet" : nearest(node, known)
            }, write: { .text($0.rawValue) }, accept: { $0.text.flatMap(Value.init(rawValue:)) })
    }()
}
