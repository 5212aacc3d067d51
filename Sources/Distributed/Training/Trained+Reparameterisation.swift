import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels

/// Which trained tensors a run sees through a function of what the optimizer moves.
extension Trained {
    /// The state for `parameters`, new, with the numbers behind them where the configuration wants some.
    static func state(
        of parameters: ParameterSet, _ configuration: RunConfiguration, model: LanguageModel
    ) -> TrainableState {
        let raw = configuration.reparameterisation.map { choice in
            let parts = TrainedParts(of: model)
            return RawParameters(parameters, through: choice.function, engine: model.engine) { parameter in
                guard !parameter.isStatistic else { return nil }
                return choice.part == .all || parts.part(of: parameter) == choice.part ? parts.kind(of: parameter) : nil
            }
        }
        return TrainableState(parameters, raw: raw, configuration.training, engine: model.engine)
    }

    /// - Throws: ``TrainingError/unsupported(key:value:supported:)`` where nothing of what is asked for is trained.
    func requireReparameterised() throws(TrainingError) {
        guard let raw = state.raw, raw.tensors.isEmpty, let choice = configuration.reparameterisation else { return }
        let parts = TrainedParts(of: model)
        let trained = Set(parameters.parameters.map { parts.part(of: $0).rawValue } + ["all"]).sorted()
        throw .unsupported(
            key: choice.key, value: choice.part.rawValue,
            supported: trained.joined(separator: " or ") + ", because this run trains nothing else")
    }
}

/// What the trained tensors of a model are, by identity and not by their place.
private struct TrainedParts {
    typealias Part = RunConfiguration.TrainingSection.WeightCompander.Part

    private let head: Set<String>
    private let isWhole: Bool

    init(of model: LanguageModel) {
        isWhole = model.wholeTraining != nil
        let saved = model.attached?.headParameters.map(\.name) ?? []
        let paths = isWhole ? model.head.wholeModules.map(\.path) : []
        head = Set(saved + paths.flatMap { [$0 + ".weight", $0 + ".bias"] })
    }

    /// Where a tensor belongs; those of a whole model that are not the head's belong to no adapter, only to `all`.
    func part(of parameter: Parameter) -> Part {
        head.contains(parameter.name) ? .head : isWhole ? .all : .adapter
    }

    /// The name that metrics put tensors together under: `head`; of a whole model `matrices` and `vectors`; of an adapter what
    /// the method calls the tensor, such as `lora_A`.
    func kind(of parameter: Parameter) -> String {
        if head.contains(parameter.name) { return "head" }
        if isWhole { return parameter.shape.count > 1 ? "matrices" : "vectors" }
        let parts = parameter.name.split(separator: ".").filter { Int($0) == nil && $0 != "weight" }
        return String(parts.last ?? "adapter")
    }
}
