import CatenaLearning
import CatenaModels

/// What a run learns: its objective, and the classes that are told apart.
struct RunTask {
    let objective: any Objective
    /// What validation data are measured by: the same without a teacher, who has not seen them.
    let measured: any Objective
    /// nil where the task has none.
    let labels: ClassLabels?

    /// Collective: reads the classes; a failure on one process is thrown on all.
    init(_ configuration: RunConfiguration, communicator: any Communicator) throws {
        guard let objective = configuration.objective else {
            throw TrainingError.unsupported(
                key: "task", value: configuration.task.rawValue, supported: "another task for now")
        }
        labels = try communicator.agree("read the classes") { try configuration.classLabels() }
        measured = objective
        self.objective = try communicator.agree("read the teacher's scores") { [labels] in
            try configuration.distillation.map { try Distillation($0, classCount: labels?.count ?? 0) } ?? objective
        }
        try communicator.requireEqual("classes", labels?.names.joined(separator: "\n") ?? "none")
    }
}
