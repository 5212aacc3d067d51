public import CatenaCore
import Foundation

/// The places in a run's output folder.
public struct RunFolder: Sendable {
    /// The output folder.
    public let path: String

    /// The run folder at `path`, which need not exist.
    public init(_ path: String) {
        self.path = path
    }

    /// Resolved configuration.
    public var configuration: String { path + "/config.yaml" }
    /// One line a step.
    public var metrics: String { path + "/metrics.jsonl" }
    /// `step-…` folders.
    public var checkpoints: String { path + "/checkpoints" }
    /// The final adapter as PEFT stores it.
    public var adapter: String { path + "/adapter" }
    /// The final model of a run that trained all parameters.
    public var model: String { path + "/model" }
    /// Curves and numbers for a browser.
    public var report: String { path + "/report.html" }

    /// Whether a run has begun here.
    public var isInUse: Bool {
        [metrics, checkpoints, adapter, model].contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// Makes the folder and checks that it can be written.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    public func create() throws(FileError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
