package import CatenaFiles
import Foundation

/// The places in a run's output folder.
package struct RunFolder: Sendable {
    /// The output folder.
    package let path: String

    /// The run folder at `path`, which need not exist.
    package init(_ path: String) {
        self.path = path
    }

    /// Resolved configuration.
    package var configuration: String { path + "/config.yaml" }
    /// One line a step.
    package var metrics: String { path + "/metrics.jsonl" }
    /// `step-…` folders.
    package var checkpoints: String { path + "/checkpoints" }
    /// The final adapter as PEFT stores it.
    package var adapter: String { path + "/adapter" }
    /// The final model of a run that trained all parameters.
    package var model: String { path + "/model" }
    /// Curves and numbers for a browser.
    package var report: String { path + "/report.html" }

    /// Whether a run has done a step here; what a run leaves that ended before its first step can be written over.
    package var isInUse: Bool {
        let manager = FileManager.default
        let hasMetrics = (try? manager.attributesOfItem(atPath: metrics)[.size] as? NSNumber)?.intValue ?? 0 > 0
        let hasCheckpoints = (try? manager.contentsOfDirectory(atPath: checkpoints))?.isEmpty == false
        return hasMetrics || hasCheckpoints || [adapter, model].contains { manager.fileExists(atPath: $0) }
    }

    /// Checks that the folder can be made and written, without making it, and that no name in it that a run writes is a link.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    package func requireWritable() throws(FileError) {
        try DurableFolder.requireCreatable(path)
        try DurableFolder.requireNoLinks(
            ["config.yaml", "metrics.jsonl", "checkpoints", "adapter", "model", "report.html", FolderLock.fileName],
            in: path)
    }

    /// Makes the folder.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    package func create() throws(FileError) { try DurableFolder.create(path) }
}
