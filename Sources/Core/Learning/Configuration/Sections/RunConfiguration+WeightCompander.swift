package import CatenaEngine
package import CatenaSchema

extension RunConfiguration.TrainingSection {
    /// Which trained tensors are seen through a bent function, and through which; ``keys`` says what each property is.
    public struct WeightCompander: Sendable, Equatable {
        /// Trained tensors by where they are.
        public enum Part: String, Sendable, CaseIterable {
            /// Those of the adapter's method.
            case adapter
            /// The modules of a classification head.
            case head
            case all
        }

        package var function = CompandingFunction.arctan
        public var range = 2.0
        public var expand = 1.5
        public var floor = 0.05
        public var learned = true
        public var parameters = Part.adapter

        package init() {}
    }
}

extension RunConfiguration.TrainingSection.WeightCompander: ConfigurationSection {
    package static let keys: [ConfigurationKey<Self>] = [
        .init("function", \.function, .companding, "what bends"),
        .init(
            "range", \.range, .number(NumberBounds(lower: 1.5, upper: 1000)),
            "a at the start, as a multiple of a tensor's largest weight"),
        .init(
            "expand", \.expand,
            .number(
                NumberBounds(
                    lower: CatenaEngine.WeightCompander.steepness.lowerBound,
                    upper: CatenaEngine.WeightCompander.steepness.upperBound)),
            "a / b at the start, the slope at 0: it multiplies the learning rate of small weights"),
        .init(
            "floor", \.floor, .number(NumberBounds(lower: CatenaEngine.WeightCompander.smallestA, upper: 1000)),
            "the least a at the start; a tensor that begins with zeros has this one"),
        .init("learned", \.learned, .flag, "whether a and b are trained too, for each tensor"),
        .init(
            "parameters", \.parameters, .choice, "which trained tensors: the adapter's, those of the head, or all"),
    ]
}

extension ValueKind where Value == CompandingFunction {
    fileprivate static let companding = {
        let known = CompandingFunction.all.map(\.name)
        return ValueKind(
            choices(known), advice: { nearest($0, known) }, write: { .text($0.name) },
            accept: { node in CompandingFunction.all.first { $0.name == node.text } })
    }()
}

extension ValueKind where Value == RunConfiguration.TrainingSection.WeightCompander? {
    static let compander = ValueKind<RunConfiguration.TrainingSection.WeightCompander>.section.unlessNothing
}
