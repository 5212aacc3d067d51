public import CatenaLearning
public import CatenaReporting

/// What a trainer tells about a run; the library itself prints nothing.
public enum TrainerEvent: Sendable {
    /// Something the user should know before the first step.
    case note(String)
    /// The run is set up and begins or goes on after `completedSteps`.
    case started(RunSummary, completedSteps: Int)
    /// A step is done.
    case step(MetricsLine)
    /// A checkpoint was handed to the writer.
    case checkpoint(step: Int)
    /// All steps are done and the result is in this folder.
    case finished(result: String)
}

/// The facts of a run that stay the same.
public struct RunSummary: Sendable {
    /// Optimizer steps of the whole run.
    public var totalSteps: Int
    /// Trainable elements.
    public var parameterCount: Int
    /// Processes.
    public var worldSize: Int
    /// Machines.
    public var hostCount: Int
    /// Threads of one process.
    public var threads: Int
    /// Sequences of one optimizer step.
    public var globalBatch: Int
    /// What the training data are like.
    public var data: DataStatistics
}
