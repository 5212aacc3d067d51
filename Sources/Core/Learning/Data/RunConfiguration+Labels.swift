import CatenaModels

extension RunConfiguration {
    /// The classes that the run tells apart; nil where its task has none.
    ///
    /// - Throws: what reading the model's configuration and the training data throws, and ``DataError`` for labels that do not go together.
    package func classLabels() throws -> ClassLabels? {
        guard task == .classification else { return nil }
        guard labels.isEmpty else { return ClassLabels(labels, from: .configuration) }
        return try ClassLabels.choose(
            given: [], model: model,
            examples: try ExampleReader.read(path: data.train, columns: data.columns, task: task))
    }
}
