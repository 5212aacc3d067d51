package import CatenaLearning
import CatenaFiles

/// Learns a sequence of tasks with new classes, one after the other, on all processes of a job.
///
/// Every task is trained by a ``Trainer`` of its own. What is finished is known by its files, so a sequence that was ended at any moment
/// goes on with the first task that is not, and comes to the same bytes.
package final class IncrementalRunner {
    /// How a sequence ended.
    package enum Outcome: Sendable {
        /// All tasks are learned.
        case finished(IncrementalResult)
        /// A signal asked to stop; the task that was under way has saved a checkpoint.
        case stopped(signal: String)
    }

    /// What a sequence tells about itself.
    package enum Event: Sendable {
        /// Something the user should know.
        case note(String)
        /// Task `number`, from 1, of `count` begins.
        case began(number: Int, count: Int, classes: Int, samples: Int, remembered: Int)
        /// What its trainer tells.
        case training(TrainerEvent)
        /// The task is done.
        case ended(TaskResult, seen: Int)
    }

    private let configuration: IncrementalConfiguration
    private let sequence: ClassSequence
    private let folder: IncrementalFolder
    private let communicator: any Communicator
    private let worker: TaskWorker
    /// Held until the sequence is over.
    private let lock: FolderLock

    /// Collective: reads the data and finds out what is done already; trains nothing.
    ///
    /// - Parameters:
    ///   - resumes: whether an output that has results is gone on with.
    ///   - report: receives what happens, on process 0 only.
    /// - Throws: ``IncrementalError``, and what reading the data throws.
    package init(
        _ configuration: IncrementalConfiguration, communicator: any Communicator, resumes: Bool,
        report: @escaping (Event) -> Void
    ) throws {
        let report = communicator.isRoot ? report : { _ in }
        try communicator.requireEqual("the configuration", configuration.resolvedYAML)
        let data = try communicator.agree("read the data") { try IncrementalData(configuration) }
        for note in data.notes { report(.note(note)) }
        let sequence = try communicator.agree("divide the classes") { () throws -> ClassSequence in
            let sequence = try ClassSequence(data.labels, plan: configuration.tasks, seed: UInt64(configuration.seed))
            try data.requireTests(sequence, path: configuration.test)
            let count = sequence.tasks.reduce(0) { $0 + $1.count }
            if case .total(let total) = configuration.memory.size, total > 0, total < count {
                throw IncrementalError.smallMemory(total: total, classes: count)
            }
            return sequence
        }
        let left = Set(data.labels).subtracting(sequence.tasks.flatMap(\.self)).count
        if left > 0 { report(.note("\(left) classes of the data are in no task and left out")) }
        let folder = IncrementalFolder(configuration.output)
        let lock = FolderLock(folder: folder.path)
        try communicator.agree("open the output folder") {
            guard communicator.isRoot else { return }
            let plan = try IncrementalFolder.plan(sequence, configuration)
            try lock.takeIfPresent()
            try folder.requireSame(configuration, plan: plan, resumes: resumes)
            try RunFolder(folder.path).create()
            try lock.take()
            try folder.create(configuration, plan: plan)
        }
        (self.configuration, self.sequence, self.folder) = (configuration, sequence, folder)
        (self.communicator, self.lock) = (communicator, lock)
        worker = TaskWorker(
            configuration: configuration, data: data, sequence: sequence, folder: folder, communicator: communicator,
            report: report)
        if let note = lock.note { report(.note(note)) }
    }

    /// Collective: learns the tasks that are not finished.
    package func run() throws -> Outcome {
        var (result, memory) = (IncrementalResult(), ExemplarMemory())
        do {
            for number in sequence.tasks.indices {
                let done = try worker.finish(number, memory: memory)
                result.tasks.append(done.result)
                memory = done.memory
                let soFar = result
                try communicator.agree("write the results") {
                    if communicator.isRoot { try folder.write(soFar, configuration) }
                }
            }
        } catch let stop as TaskWorker.Stopped {
            return .stopped(signal: stop.signal)
        }
        return .finished(result)
    }
}
