package import CatenaLearning
import CatenaEngine
package import CatenaModels
package import CatenaText

/// What a run's model can be asked before its first step and after its last.
extension Trainer {
    /// The model with what has been trained so far.
    package var model: LanguageModel { base.model }

    /// Completed optimizer steps.
    package var completedSteps: Int { step }

    /// Trained numbers.
    package var parameterCount: Int { trained.parameters.trainedCount }

    /// Whether each process holds only a part of the frozen matrices, so that all must visit a block together.
    package var isSharded: Bool { base.placed.placement == .sharded }

    /// Encoders of test examples, as long as the model's positions allow, with the run's template.
    package func testEncoders() throws -> DataEncoders {
        try DataEncoders(
            tokenizer: base.tokenizer, template: configuration.data.template,
            date: configuration.data.date,
            maximumLength: min(2048, model.configuration.maximumPositions), lengthName: "the length of a test example",
            model: model.configuration)
    }

    /// The encoder of the run's own classification data.
    package func classificationEncoder() throws -> any ExampleEncoding {
        try DataEncoders(
            tokenizer: base.tokenizer, template: configuration.data.template, date: configuration.data.date,
            maximumLength: configuration.data.maxLength, lengthName: "data.max-length", task: configuration.task,
            labels: base.task.labels, model: model.configuration
        ).encoder()
    }

    /// Collective: checks that the files of the base and of the data are what they were when the run opened them.
    ///
    /// - Throws: ``FileError/changed(path:how:)`` for the first that is not.
    package func requireUnchangedFiles() throws {
        try communicator.agree("check the model's and the data's files") { try files.requireUnchanged() }
    }

    /// The model's tokenizer.
    package func tokenizer() throws -> Tokenizer { try base.tokenizer.get() }

    /// Collective: the mean loss over the validation data; nil without any.
    package func validationLoss() throws -> Double? { try validator?.run().loss }

    /// Collective: whether a signal has asked any process to stop.
    package func isStopRequested() throws -> Bool { try communicator.isStopRequested() }
}

extension Communicator {
    /// Collective: whether a signal has asked any process to stop.
    package func isStopRequested() throws(CommunicatorError) -> Bool {
        try allReduceMax([StopSignal.isRequested ? 1 : 0])[0] == 1
    }
}
