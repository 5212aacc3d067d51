/// Why a sequence of tasks cannot be learned.
package enum IncrementalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There are more tasks than classes.
    case tooManyTasks(Int, classes: Int)
    /// A task has a class that the training data do not have.
    case unknownClass(String, task: Int, known: [String])
    /// A class is in two tasks, or twice in one.
    case classTwice(String, task: Int, earlier: Int)
    /// A class that is tested has no test samples.
    case noTestSamples(path: String, label: String)
    /// The memory cannot hold one sample of each class.
    case smallMemory(total: Int, classes: Int)
    /// The output was begun with another configuration or other data.
    case otherTasks(path: String, differences: [String])
    /// Another process works there.
    case outputInUse(path: String)
    /// The output holds results and `--resume` was not given.
    case outputExists(path: String)
    /// A file of the output does not fit the rest.
    case damaged(path: String, problem: String)

    package var description: String {
        switch self {
        case .tooManyTasks(let count, let classes):
            "tasks: \(count) tasks, but the training data have \(classes) classes; give at most \(classes), or lists of classes."
        case .unknownClass(let name, let task, let known):
            "tasks: task \(task) has the class \"\(name)\", which the training data do not have; they have "
                + known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", ... (\(known.count) classes)." : ".")
        case .classTwice(let name, let task, let earlier):
            "tasks: task \(task) has the class \"\(name)\", "
                + (task == earlier ? "twice" : "which task \(earlier) has already") + "; every class is new once."
        case .noTestSamples(let path, let label):
            "\(path): no sample of the class \"\(label)\", which is learned; give test data with every class."
        case .smallMemory(let total, let classes):
            "memory.total: \(total) samples, but there are \(classes) classes; give at least one for each, or 0 for none at all."
        case .otherTasks(let path, let differences):
            "\(path) was begun with another configuration: \(differences.prefix(3).joined(separator: "; ")); use another output, or "
                + "the configuration that it was begun with."
        case .outputInUse(let path): "\(path) is in use by another process; wait for it, or use another output."
        case .outputExists(let path):
            "\(path) holds the results of a sequence of tasks; give --resume auto to go on with it, or another output."
        case .damaged(let path, let problem): "\(path): \(problem); remove it, and the task is done again."
        }
    }
}
