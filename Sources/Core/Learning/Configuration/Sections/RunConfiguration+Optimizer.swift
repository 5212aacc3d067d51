import CatenaEngine
import CatenaSchema

extension RunConfiguration.TrainingSection {
    /// The update rule with its constants; ``keys`` says what each is, and those of another rule have their defaults.
    public struct Optimizer: Sendable, Equatable {
        /// The rules.
        public enum Name: String, Sendable, CaseIterable { case adamw, sgd }

        public var name = Name.adamw
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var momentum = 0.0
        public var weightDecay = 0.0
    }
}

extension RunConfiguration.TrainingSection.Optimizer: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("name", \.name, .choice, "AdamW (Loshchilov & Hutter 2019) or gradient descent"),
        .init(
            "beta1", \.beta1, .number(.belowOne), isWritten: { $0.name == .adamw },
            "adamw: decay of the mean of the gradients"),
        .init(
            "beta2", \.beta2, .number(.belowOne), isWritten: { $0.name == .adamw },
            "adamw: decay of the mean of their squares"),
        .init(
            "epsilon", \.epsilon, .number(.positive), isWritten: { $0.name == .adamw },
            "adamw: added to the root of the squares' mean"),
        .init(
            "momentum", \.momentum, .number(.belowOne), isWritten: { $0.name == .sgd },
            "sgd: part of the last direction that is kept"),
        .init(
            "weight-decay", \.weightDecay, .number(.notNegative),
            "pull of the weights towards 0: decoupled with adamw, coupled with sgd"),
    ]

    func check(_ reader: SectionReader) throws(ConfigurationError) {
        let foreign = name == .adamw ? ["momentum"] : ["beta1", "beta2", "epsilon"]
        for key in foreign where reader.has(key) {
            throw reader.contradiction(
                key, "training.optimizer.\(key) has no meaning with \(name.rawValue)",
                advice: "remove it, or set training.optimizer.name to \(name == .adamw ? "sgd" : "adamw")")
        }
    }
}
