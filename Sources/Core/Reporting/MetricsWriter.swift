import CatenaFiles
import Foundation

/// Writes `metrics.jsonl`; each line has left the process when `append` returns.
///
/// Not for use by several threads at once.
package final class MetricsWriter {
    /// The file that is written.
    package let path: String
    private let file: AppendOnlyFile

    private init(file: AppendOnlyFile) {
        self.file = file
        path = file.path
    }

    /// Opens the file for a new run (`step` nil, earlier contents go) or for one that continues after `step`: later lines, and
    /// a line that a kill cut short, are removed first.
    ///
    /// - Throws: ``ReportingError/invalidLine(path:line:problem:)`` for a damaged line, which no kill leaves; the file stays as it is.
    package static func open(path: String, resumingAfter step: Int? = nil) throws(ReportingError)
        -> MetricsWriter
    {
        guard let step, FileManager.default.fileExists(atPath: path) else {
            return MetricsWriter(file: try AppendOnlyFile(path: path, .empty))
        }
        let kept = try MetricsLine.texts(path: path).filter { $0.line.step <= step }.map { $0.text + "\n" }.joined()
        do throws(FileError) {
            try DurableFile.write(Array(kept.utf8), to: path)
        } catch {
            throw ReportingError(error, path: path)
        }
        return MetricsWriter(file: try AppendOnlyFile(path: path, .atEnd))
    }

    /// Adds the line of a finished step.
    package func append(_ line: MetricsLine) throws(ReportingError) {
        try file.append(Array((line.json + "\n").utf8))
    }

    /// Ends the file; further appends fail.
    package func close() throws(ReportingError) { try file.close() }
}
