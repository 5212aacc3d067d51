import CatenaSchema

extension RunConfiguration {
    /// When checkpoints are written and how many stay; ``keys`` says what each property is, nil is `none`.
    public struct CheckpointSection: Sendable, Equatable {
        public var every: Int? = 50
        public var keep = 3
    }
}

extension RunConfiguration.CheckpointSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("every", \.every, .wholeNumber(), or: "none", "steps between checkpoints; `none`: only on a signal"),
        .init("keep", \.keep, .wholeNumber(), "how many of the newest stay"),
    ]
}
