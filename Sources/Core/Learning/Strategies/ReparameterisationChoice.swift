package import CatenaEngine

/// Which function trained tensors are seen through, as a configuration asks for it. A run has at most one.
package struct ReparameterisationChoice: Sendable {
    /// The key that asks for it, for messages.
    package let key: String
    /// The function.
    package let function: any Reparameterisation
    /// Which tensors are seen through it.
    package let part: RunConfiguration.TrainingSection.WeightCompander.Part

    /// One line for each: nil where the configuration does not ask for it.
    private static let all: [@Sendable (RunConfiguration) -> ReparameterisationChoice?] = [
        { $0.training.weightCompander.map(weightCompander) }
    ]

    fileprivate static func chosen(by configuration: RunConfiguration) -> ReparameterisationChoice? {
        all.lazy.compactMap { $0(configuration) }.first
    }

    private static func weightCompander(
        _ section: RunConfiguration.TrainingSection.WeightCompander
    ) -> ReparameterisationChoice {
        .init(
            key: "training.weight-compander.parameters",
            function: WeightCompander(
                function: section.function, range: section.range, expand: section.expand, floor: section.floor,
                learnsScales: section.learned), part: section.parameters)
    }
}

extension RunConfiguration {
    /// What trained tensors are seen through; nil for nothing.
    package var reparameterisation: ReparameterisationChoice? { .chosen(by: self) }
}
