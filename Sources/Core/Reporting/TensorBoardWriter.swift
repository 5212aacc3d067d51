import Foundation

/// Writes scalars as a TensorBoard event file (`events.out.tfevents.…`) in a run folder.
///
/// Records are buffered and written every `flushSeconds` and on `close`. Not for use by several threads at once.
package final class TensorBoardWriter {
    /// The event file.
    package let path: String
    private let file: AppendOnlyFile
    private let flushSeconds: Double
    private let now: () -> Double
    private var buffer: [UInt8] = []
    private var lastFlushSeconds: Double

    /// - Parameters:
    ///   - folder: an existing folder. Each writer makes a new file there; TensorBoard reads them together.
    ///   - step: the step after which a resumed run continues, nil for a new run; what earlier files of the folder say of later
    ///     steps becomes void.
    ///   - now: seconds since 1970.
    package init(
        folder: String, resumingAfter step: Int? = nil, flushSeconds: Double = 5,
        now: @escaping () -> Double = TensorBoardWriter.secondsSince1970
    ) throws(ReportingError) {
        self.flushSeconds = flushSeconds
        self.now = now
        let start = now()
        lastFlushSeconds = start
        path = Self.freePath(folder: folder, startSeconds: start)
        file = try AppendOnlyFile(path: path, .new)
        add(.fileVersion, step: 0)
        add(.restart, step: (step ?? 0) + 1)
        try flush()
    }

    /// The scalars of a step: `train/loss`, `train/learning_rate`, `train/gradient_norm`, `train/tokens_per_second`,
    /// `train/resident_bytes` and the objective's means, after a validation `validation/loss` and theirs, and, at a knot, `chain/link`,
    /// `chain/probe_loss_before` and `chain/probe_loss_after`.
    package func append(_ line: MetricsLine) throws(ReportingError) {
        var scalars: [(tag: String, value: Double)] = [
            ("train/loss", line.loss), ("train/learning_rate", line.learningRate),
            ("train/gradient_norm", line.gradientNorm), ("train/tokens_per_second", line.tokensPerSecond),
            ("train/resident_bytes", Double(line.residentBytes)),
        ]
        if let validationLoss = line.validationLoss { scalars.append(("validation/loss", validationLoss)) }
        for mean in line.means {
            scalars.append(((mean.isOfValidation ? "validation/" : "train/") + mean.metric, mean.value))
        }
        if let knot = line.knot {
            scalars += [
                ("chain/link", Double(knot.link)), ("chain/probe_loss_before", knot.probeLossBefore),
                ("chain/probe_loss_after", knot.probeLossAfter),
            ]
        }
        try append(scalars, step: line.step)
    }

    /// Scalars under tags of the caller's choice.
    package func append(_ scalars: [(tag: String, value: Double)], step: Int) throws(ReportingError) {
        add(.scalars(scalars), step: step)
        if now() - lastFlushSeconds >= flushSeconds { try flush() }
    }

    /// Writes what is buffered.
    package func flush() throws(ReportingError) {
        try file.append(buffer)
        buffer.removeAll(keepingCapacity: true)
        lastFlushSeconds = now()
    }

    /// Writes what is buffered and ends the file.
    package func close() throws(ReportingError) {
        try flush()
        try file.close()
    }

    /// The time of day.
    package static func secondsSince1970() -> Double { Date().timeIntervalSince1970 }

    private func add(_ content: TensorBoardEvent.Content, step: Int) {
        buffer += TensorBoardEvent(wallTimeSeconds: now(), step: step, content: content).record
    }

    /// TensorBoard reads the files of a folder in the order of their names, so the time comes first.
    private static func freePath(folder: String, startSeconds: Double) -> String {
        let process = ProcessInfo.processInfo
        let stem =
            "\(folder)/events.out.tfevents.\(Int(startSeconds)).\(process.hostName).\(process.processIdentifier)."
        var number = 0
        while FileManager.default.fileExists(atPath: stem + String(number)) { number += 1 }
        return stem + String(number)
    }
}
