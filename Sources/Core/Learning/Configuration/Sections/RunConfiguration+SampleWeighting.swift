import CatenaModels
import CatenaSchema
import Foundation

extension RunConfiguration {
    /// How samples are weighted by their losses; ``keys`` says what each property is.
    public struct SampleWeightingSection: Sendable, Equatable {
        /// Whose losses are compared.
        public enum Scope: String, Sendable, CaseIterable {
            /// All samples of the global batch.
            case step
            /// Those of one micro-batch.
            case microstep
        }

        /// nil (`none`): all samples count alike.
        public var strategy: SampleWeightStrategy?
        public var temperature = 1.0
        public var warmupSteps = 0
        public var warmupTemperature = 100.0
        public var decaySteps = 0
        public var scope = Scope.step
        public var isTokenAware = true
        public var clipQuantile = 0.0

        /// What an empty section means.
        public init() {}
    }
}

extension RunConfiguration.SampleWeightingSection {
    /// The temperature of step `step`, counted from 0:
    ///
    ///     t < t_w                r_w
    ///     t < t_w + t_d          r_w^(1 - a) r^a,   a = (t - t_w) / t_d
    ///     afterwards             r
    ///
    /// t_w: `warmup-steps`, r_w: `warmup-temperature`, t_d: `decay-steps`, r: `temperature`.
    package func temperature(step: Int) -> Double {
        let beyond = step - warmupSteps
        if beyond < 0 { return warmupTemperature }
        guard beyond < decaySteps else { return temperature }
        let part = Double(beyond) / Double(decaySteps)
        return exp((1 - part) * log(warmupTemperature) + part * log(temperature))
    }
}

extension RunConfiguration.SampleWeightingSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "strategy", \.strategy, .choice, or: "none",
            "which losses count more: `linupper` those above the middle, `quadratic` the middle, `extremes` both ends, `upper` the highest"
        ),
        .init(
            "temperature", \.temperature, .number(.positive),
            "the lower, the more unlike the weights: at most exp(1/temperature) times another's"),
        .init(
            "warmup-steps", \.warmupSteps, .wholeNumber(0...WholeNumberLimit.count),
            "steps with `warmup-temperature`"),
        .init(
            "warmup-temperature", \.warmupTemperature, .number(.positive), isWritten: { $0.stepsBefore > 0 },
            "at first; 100: nearly equal weights"),
        .init(
            "decay-steps", \.decaySteps, .wholeNumber(0...WholeNumberLimit.count),
            "further steps in which the temperature goes to `temperature`"),
        .init(
            "scope", \.scope, .choice,
            "whose losses are compared: `step`: all of the global batch; `microstep`: those of a micro-batch"),
        .init(
            "token-aware", \.isTokenAware, .flag,
            "`true`: a sample's weight is that of each of its tokens; `false`: of its mean loss, however long it is"),
        .init(
            "clip-quantile", \.clipQuantile, .number(NumberBounds(lower: 0, upper: 0.5, upperIncluded: false)),
            "this part of the losses at either end does not stretch the scale"),
    ]

    /// Steps before the first one with `temperature`.
    package var stepsBefore: Int { warmupSteps + decaySteps }

    func check(_ reader: SectionReader) throws(ConfigurationError) {
        guard reader.has("strategy") else {
            throw .missingKey(
                origin: reader.origin, keyPath: reader.keyPath("strategy"),
                expected: choices(SampleWeightStrategy.allCases.map(\.rawValue)) + " or none")
        }
        if reader.has("warmup-temperature"), warmupSteps == 0, decaySteps == 0 {
            throw reader.contradiction(
                "warmup-temperature",
                "\(reader.keyPath("warmup-temperature")) has no meaning without warmup-steps or decay-steps",
                advice: "remove it, or give one of them")
        }
    }
}
