import Foundation

/// Writes `metrics.jsonl`; each line has left the process when `append` returns.
///
/// Not for use by several threads at once.
public final class MetricsWriter {
    /// The file that is written.
    public let path: String
    private let file: AppendOnlyFile

    private init(file: AppendOnlyFile) {
        self.file = file
        path = file.path
    }

    /// Opens the file for a new run (`step` nil, earlier contents go) or for one that continues after `step`: later lines, and
    /// a line that a kill cut short, are removed first.
    public static func open(path: String, resumingAfter step: Int? = nil) throws(ReportingError)
        -> MetricsWriter
    {
        guard let step, FileManager.default.fileExists(atPath: path) else {
            return MetricsWriter(file: try AppendOnlyFile(path: path, keepingContents: false))
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .cannotOpen(path: path, reason: AppendOnlyFile.lastError)
        }
        let kept = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .filter { text in MetricsLine(json: text).map { $0.step <= step } == true }
            .map { $0 + "\n" }.joined()
        let temporary = path + ".tmp"
        let replacement = try AppendOnlyFile(path: temporary, keepingContents: false)
        try replacement.append(Array(kept.utf8))
        try replacement.close()
        guard rename(temporary, path) == 0 else {
            throw .cannotWrite(path: path, reason: AppendOnlyFile.lastError)
        }
        return MetricsWriter(file: try AppendOnlyFile(path: path, keepingContents: true))
    }

    /// Adds the line of a finished step.
    public func append(_ line: MetricsLine) throws(ReportingError) {
        try file.append(Array((line.json + "\n").utf8))
    }

    /// Ends the file; further appends fail.
    public func close() throws(ReportingError) { try file.close() }
}
