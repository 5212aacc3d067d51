import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels

/// What a run trains: the adapter in the model, or the whole model, and its optimizer; another adapter after each knot of a chain.
final class Trained {
    let model: LanguageModel
    private let objective: any Objective
    let configuration: RunConfiguration
    private let communicator: any Communicator
    /// The tensors that are trained now, with the optimizer's state.
    private(set) var state: TrainableState

    var parameters: ParameterSet { state.parameters }
    var optimizer: any Optimizer { state.optimizer }

    /// Collective: puts the adapter into the model of `base`, or makes the whole model trainable.
    ///
    /// - Parameter isResuming: whether a checkpoint will overwrite the first values.
    init(
        _ configuration: RunConfiguration, base: RunModel, isResuming: Bool, communicator: any Communicator
    ) throws {
        let model = base.model
        (self.model, objective) = (model, base.task.objective)
        (self.configuration, self.communicator) = (configuration, communicator)
        let parameters = try communicator.agree("build the adapter") {
            ParameterSet(try Self.parameters(configuration, model: model), memory: model.engine.memory)
        }
        state = Self.state(of: parameters, configuration, model: model)
        try communicator.agree("choose what is reparameterised") { try requireReparameterised() }
        if configuration.chain != nil {
            try communicator.agree("check that the adapter can be a link") { try requireFoldable() }
        }
        if !isResuming { try model.initialiseAdapters(communicator) }
        try communicator.agree("read the initial adapter") {
            if let section = configuration.adapter, let folder = section.initialAdapter {
                try model.readInitialAdapter(
                    folder, section: section.withPatternsOfInitialAdapter(acceptsTransposed: model.storesTransposed))
            }
        }
    }

    private static func parameters(_ configuration: RunConfiguration, model: LanguageModel) throws -> [Parameter] {
        guard let section = configuration.adapter else { return model.makeAllTrainable() }
        let seed = UInt64(configuration.training.seed)
        // Ranks of later links that do not fit are refused now and not in the middle of the run.
        for rank in configuration.chain?.rankSchedule.dropFirst() ?? [] {
            var later = section
            later.rank = rank
            _ = try model.attachAdapters(later, seed: seed)
        }
        let whole = try section.withPatternsOfInitialAdapter(acceptsTransposed: model.storesTransposed)
        return try model.attachAdapters(whole, seed: seed).parameters
    }

    /// A link is frozen as the exact plain LoRA of its adapter.
    private func requireFoldable() throws(TrainingError) {
        do {
            _ = try ChainLink(folding: model)
        } catch {
            throw .unsupported(
                key: "chain", value: "set with adapter.method: \(configuration.adapter?.method ?? "")",
                supported: "a method with an exact form as LoRA; \(error)")
        }
    }

    /// Tells the present adapter's rule about the run.
    func prepareRule(_ course: RunCourse) throws { try model.attached?.rule?.prepare(course.adapterRun) }

    /// Gives the model the fresh adapters of link `index` of `chain`, counted from 0; they are trained once ``go(on:)`` says so.
    func attachAdapters(link index: Int, of chain: Chain) throws -> ParameterSet {
        guard var section = configuration.adapter else { return parameters }
        section.rank = chain.section.rank(ofLink: index, adapterRank: section.rank)
        let seed = Chain.seed(UInt64(configuration.training.seed), link: index)
        return ParameterSet(try model.attachAdapters(section, seed: seed).parameters, memory: model.engine.memory)
    }

    /// The optimizer's state for `parameters`, new.
    func newState(_ parameters: ParameterSet) -> TrainableState {
        Self.state(of: parameters, configuration, model: model)
    }

    /// Trains `state` from now on.
    func go(on state: TrainableState) { self.state = state }

    /// Collective: sets the first values of adapters that are attached after `step` steps, from the matrices and from gradients.
    func initialiseAdapters(step: Int, data: RunData) throws {
        try model.initialiseAdapters(communicator)
        try initialiseFromGradients(step: step, data: data)
    }

    /// Collective: the part that needs data, which are those of the coming steps. Everything that is trained has its first values
    /// then, and the numbers behind them follow.
    func initialiseFromGradients(step: Int, data: RunData) throws {
        try setValuesFromGradients(step: step, data: data)
        try communicator.agree("reparameterise what is trained") { try state.raw?.begin() }
    }

    private func setValuesFromGradients(step: Int, data: RunData) throws {
        let steps = model.gradientInitialisedLinears.compactMap { $0.adapter as? any GradientInitialised }
            .map(\.gradientSteps).max()
        guard let steps else { return }
        let microBatches = (step..<step + steps).flatMap { data.plan.microBatches(step: $0).microBatches }
        try model.initialiseFromGradients(
            communicator, objective: objective, step: step, microBatchCount: microBatches.count
        ) { index in
            var microBatch = Batch()
            microBatch.fill(microBatches[index], from: data.training)
            return microBatch
        }
    }

    /// The adapter as other programs read it, a chain as one plain LoRA; nil when all parameters are trained.
    func adapterFiles(chain: Chain?) throws -> AdapterFiles.Content? {
        guard configuration.adapter != nil else { return nil }
        let base = BasePath.absolute(configuration.model)
        guard let chain else { return try AdapterFiles.content(of: model, baseModel: base) }
        return try AdapterFiles.loraContent(of: model, chain: try chain.ledger.concatenated(), baseModel: base)
    }
}
