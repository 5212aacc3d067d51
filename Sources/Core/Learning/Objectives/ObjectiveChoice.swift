package import CatenaModels

/// Which objective serves which task.
struct ObjectiveChoice {
    let task: Task
    let make: @Sendable (RunConfiguration) -> any Objective

    /// One line for each.
    static let all: [ObjectiveChoice] = [
        .init(task: .languageModel) { _ in NextToken() },
        .init(task: .classification) { _ in CrossEntropy() },
        .init(task: .regression) { _ in SquaredError() },
        .init(task: .preference) { DirectPreference($0.preference) },
    ]
}

extension RunConfiguration {
    /// What a run with this configuration learns by; nil for a task that cannot be trained.
    package var objective: (any Objective)? { ObjectiveChoice.all.first { $0.task == task }?.make(self) }
}

extension DirectPreference {
    /// The objective with the section's numbers.
    init(_ section: RunConfiguration.PreferenceSection) {
        self.init(beta: section.beta, labelSmoothing: section.labelSmoothing)
    }
}
