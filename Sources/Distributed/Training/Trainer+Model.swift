package import CatenaCore

/// What a run's model can be asked before its first step and after its last.
extension Trainer {
    /// The model with what has been trained so far.
    package var model: LanguageModel { setup.model }

    /// Completed optimizer steps.
    package var completedSteps: Int { step }

    /// Trained numbers.
    package var parameterCount: Int { setup.parameters.count }

    /// Whether each process holds only a part of the frozen matrices, so that all must visit a block together.
    package var isSharded: Bool { setup.placed.placement == .sharded }

    /// An encoder of test examples, as long as the model's positions allow, with the run's template.
    package func testEncoder() throws -> (encoder: ExampleEncoder, tokenizer: Tokenizer) {
        let template = try ChatTemplate(
            named: setup.configuration.data.template.rawValue, tokenizer: setup.tokenizer)
        let encoder = try ExampleEncoder(
            tokenizer: setup.tokenizer, template: template,
            maximumLength: min(2048, model.configuration.maximumPositions),
            modelVocabularySize: model.configuration.vocabularySize)
        return (encoder, setup.tokenizer)
    }

    /// Collective: the mean loss over the validation data; nil without any.
    package func validationLoss() throws -> Double? { try validator?.meanLoss() }

    /// Collective: whether a signal has asked any process to stop.
    package func isStopRequested() throws -> Bool { try communicator.isStopRequested() }
}

extension Communicator {
    /// Collective: whether a signal has asked any process to stop.
    package func isStopRequested() throws(CommunicatorError) -> Bool {
        try allReduceMax([StopSignal.isRequested ? 1 : 0])[0] == 1
    }
}
