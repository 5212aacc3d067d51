package import CatenaFiles
import CatenaReporting
import Foundation

/// What a sequence of tasks has come to so far.
///
///     average incremental accuracy = mean over tasks of the accuracy on all classes seen after it
///     forgetting = mean over tasks j before the last k of  max_{i < k} a_ij - a_kj,   a_ij the accuracy on task j's classes after task i
///
/// - Source: Rebuffi et al. 2017, arXiv:1611.07725 (average); Chaudhry et al. 2018, *Riemannian Walk*, arXiv:1801.10112 (forgetting).
package struct IncrementalResult: Sendable, Equatable {
    /// Of each task that is done.
    package var tasks: [TaskResult] = []

    /// Nothing yet.
    package init() {}

    /// The mean of the accuracies after each task.
    package var averageIncrementalAccuracy: Double {
        tasks.reduce(0) { $0 + $1.accuracy } / Double(max(tasks.count, 1))
    }

    /// How much of what was known of earlier tasks is lost; nil before the second task.
    package var forgetting: Double? {
        guard let last = tasks.last, tasks.count > 1 else { return nil }
        let losses = (0..<tasks.count - 1).map { task in
            let best = tasks.dropLast().compactMap { task < $0.perTask.count ? $0.perTask[task] : nil }.max() ?? 0
            return best - last.perTask[task]
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    /// `result.json` of the whole sequence.
    package var json: JSONValue {
        [
            "tasks": .array(tasks.map(\.json)), "average_incremental_accuracy": .number(averageIncrementalAccuracy),
            "forgetting": forgetting.map { .number($0) } ?? .null, "gamma": .array(tasks.map { .number($0.gamma) }),
        ]
    }

    private static let columns = [
        "task", "classes", "seen", "samples", "remembered", "gamma", "accuracy before aligning", "accuracy",
    ]

    private var rows: [[String]] {
        var seen = 0
        return tasks.enumerated().map { number, task in
            seen += task.classes.count
            return [
                "\(number + 1)", "\(task.classes.count)", "\(seen)", "\(task.newSamples)", "\(task.rememberedSamples)",
                String(format: "%.4f", task.gamma), String(format: "%.4f", task.accuracyBeforeAligning),
                String(format: "%.4f", task.accuracy),
            ]
        }
    }

    /// The table, a line for each task, with the accuracy on each task's classes behind it.
    package var csv: String {
        let header = (Self.columns + tasks.indices.map { "on task \($0 + 1)" }).joined(separator: ",")
        let lines = zip(rows, tasks).map { row, task in
            (row + task.perTask.map { String(format: "%.4f", $0) }
                + Array(repeating: "", count: tasks.count - task.perTask.count)).joined(separator: ",")
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    /// For people.
    package var text: String {
        let table = TextTable.lines([Self.columns] + rows).joined(separator: "\n")
        let lost = forgetting.map { String(format: "forgetting                    %.4f\n", $0) } ?? ""
        return table + "\n\n" + String(format: "average incremental accuracy  %.4f\n", averageIncrementalAccuracy)
            + lost
    }
}
