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

    /// Whether a run has done a step here; what a run leaves that ended before its first step can be written over.
    public var isInUse: Bool {
        let manager = FileManager.default
        let hasMetrics = (try? manager.attributesOfItem(atPath: metrics)[.size] as? NSNumber)?.intValue ?? 0 > 0
        let hasCheckpoints = (try? manager.contentsOfDirectory(atPath: checkpoints))?.isEmpty == false
        return hasMetrics || hasCheckpoints || [adapter, model].contains { manager.fileExists(atPath: $0) }
    }

    /// Checks that the folder can be made and written, without making it.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    public func requireWritable() throws(FileError) {
        var existing = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        while !FileManager.default.fileExists(atPath: existing.path, isDirectory: &isFolder), existing.path != "/" {
            existing.deleteLastPathComponent()
        }
        guard isFolder.boolValue else { throw .unwritable(path: path, reason: "\(existing.path) is not a folder") }
        guard access(existing.path, W_OK | X_OK) == 0 else {
            throw .unwritable(path: path, reason: "\(existing.path): \(String(cString: strerror(errno)))")
        }
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
