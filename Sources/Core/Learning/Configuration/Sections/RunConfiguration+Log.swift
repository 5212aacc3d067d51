import CatenaSchema

extension RunConfiguration {
    /// What a run reports, and how often; ``keys`` says what each property is.
    public struct LogSection: Sendable, Equatable {
        public var everySeconds = 5.0
        public var tensorboard = true
        public var report = true
    }
}

extension RunConfiguration.LogSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "every-seconds", \.everySeconds, .number(.positive),
            "seconds between progress lines where there is no terminal"),
        .init("tensorboard", \.tensorboard, .flag, "write event files for TensorBoard"),
        .init("report", \.report, .flag, "write `report.html` at the end"),
    ]
}
