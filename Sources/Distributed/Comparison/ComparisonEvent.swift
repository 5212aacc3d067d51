package import CatenaLearning

/// What a comparison tells; the library itself prints nothing.
package enum ComparisonEvent: Sendable {
    /// Something the user should know.
    case note(String)
    /// The ranks and parameters of all methods, by name.
    case sized([(name: String, choice: ParameterBudget.Choice)])
    /// A part of the work begins.
    case began(Work)
    /// A part of the work is done in this start.
    case ended(Work)
    /// What the run of the present cell tells.
    case training(TrainerEvent)
    /// A cell is trained.
    case result(CellResult)
    /// A model is tested.
    case tested(String, TestResult)
    /// Results were written after one more method.
    case table(ComparisonTable)

    /// A part of a comparison.
    package struct Work: Sendable, Equatable {
        /// What is done.
        package enum Kind: Sendable, Equatable { case untrained, training, testing }

        /// What is done.
        package var kind: Kind
        /// The cell's number, from 1; 0 for the untrained model.
        package var number: Int
        /// All cells of the comparison.
        package var count: Int
        /// The cell; nil for the untrained model.
        package var cell: ComparisonConfiguration.Cell?
    }
}
