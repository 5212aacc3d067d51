import CatenaAdapters
import CatenaLearning
import CatenaFiles
import Crypto
import Foundation

/// The places in the output folder of a sequence of tasks. Only process 0 reads and writes them, but for what runs read.
package struct IncrementalFolder: Sendable {
    /// The output folder.
    package let path: String

    /// The sequence at `path`, which need not exist.
    package init(_ path: String) { self.path = path }

    /// The resolved configuration.
    package var configuration: String { path + "/incremental.yaml" }
    /// Which classes come in which task, and the hashes of the data.
    package var tasks: String { path + "/tasks.json" }
    /// The results of the tasks that are done.
    package var json: String { path + "/result.json" }
    /// The table, a line for each task.
    package var csv: String { path + "/result.csv" }
    /// The table as it is printed.
    package var text: String { path + "/result.txt" }
    /// The table with curves, for a browser.
    package var report: String { path + "/report.html" }
    /// The adapter, or the model, after the last task, aligned.
    func aligned(_ kind: ClassifierFolder.Kind) -> String { path + (kind == .adapter ? "/adapter" : "/model") }

    /// The folder of task `number`, from 0.
    package func task(_ number: Int) -> TaskFolder {
        TaskFolder(path: "\(path)/tasks/" + (number < 9 ? "0" : "") + "\(number + 1)")
    }

    /// Checks that what is there may be gone on with, or that nothing is.
    ///
    /// - Throws: ``IncrementalError``, or ``FileError`` for a folder that cannot be written.
    func requireSame(_ configuration: IncrementalConfiguration, plan: JSONValue, resumes: Bool) throws {
        try RunFolder(path).requireWritable()
        try DurableFolder.requireNoLinks(
            ["incremental.yaml", "tasks.json", "result.json", "result.csv", "result.txt", "tasks"], in: path)
        guard FileManager.default.fileExists(atPath: self.configuration) else {
            if RunFolder(path).isInUse { throw IncrementalError.outputInUse(path: path) }
            return
        }
        guard resumes else { throw IncrementalError.outputExists(path: path) }
        let stored = FileManager.default.contents(atPath: self.configuration) ?? Data()
        let differences = try configuration.differences(
            fromResolved: String(decoding: stored, as: UTF8.self), path: self.configuration)
        guard differences.isEmpty else {
            throw IncrementalError.otherTasks(path: path, differences: differences.map { $0.description })
        }
        guard FileManager.default.fileExists(atPath: tasks) else { return }
        guard try JSONDocument.read(path: tasks).value.compactText() == plan.compactText() else {
            throw IncrementalError.otherTasks(
                path: path, differences: ["the data or the classes of the tasks are others"])
        }
    }

    /// Makes the folder and writes configuration and plan.
    func create(_ configuration: IncrementalConfiguration, plan: JSONValue) throws {
        try RunFolder(path).create()
        try RunFolder(path + "/tasks").create()
        try plan.write(to: tasks)
        try DurableFile.write(Array(configuration.resolvedYAML.utf8), to: self.configuration)
    }

    /// Writes the results in all their forms.
    func write(_ result: IncrementalResult, _ configuration: IncrementalConfiguration) throws {
        try result.json.write(to: json)
        try DurableFile.write(Array(result.csv.utf8), to: csv)
        try DurableFile.write(Array(result.text.utf8), to: text)
        let page = IncrementalReport(title: path, result: result, configuration: configuration)
        try DurableFile.write(Array(page.html.utf8), to: report)
    }

    /// What a sequence is, beside its configuration: the classes of each task and the hashes of both files.
    static func plan(_ sequence: ClassSequence, _ configuration: IncrementalConfiguration) throws -> JSONValue {
        func hash(_ path: String) throws -> JSONValue {
            unsafe try MappedFile(path: path).withBytes { bytes in
                var hash = SHA256()
                unsafe hash.update(bufferPointer: bytes)
                return .string(hash.finalize().hexadecimal)
            }
        }
        return [
            "tasks": .array(sequence.tasks.map { .array($0.map { .string($0) }) }),
            "train_sha256": try hash(configuration.run.data.train), "test_sha256": try hash(configuration.test),
        ]
    }
}

/// The places in the folder of one task.
package struct TaskFolder: Sendable {
    /// The folder.
    package let path: String

    /// What is learned: the task's samples and remembered ones.
    package var training: String { path + "/train.jsonl" }
    /// The scores of the model before, for each of them.
    package var teacher: String { path + "/teacher.safetensors" }
    /// What the task begins with: the adapter or model before, with rows for the new classes.
    package var initial: String { path + "/initial" }
    /// The run.
    package var run: String { path + "/run" }
    /// The aligned adapter, or model.
    func aligned(_ kind: ClassifierFolder.Kind) -> String { path + (kind == .adapter ? "/adapter" : "/model") }
    /// What is remembered after the task.
    package var exemplars: String { path + "/exemplars.json" }
    /// The result, written last.
    package var result: String { path + "/result.json" }
}
